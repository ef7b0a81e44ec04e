// The workload of a pod from its name, by the ways controllers name pods. A guess: a pod may be called anything.

/** Letters and digits of generated suffixes (Kubernetes leaves out vowels and what looks like them). */
const SAFE = '[bcdfghjklmnpqrstvwxz2456789]';

const PATTERNS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  // A CronJob's Job is numbered by the minutes since 1970.
  ['CronJob', new RegExp(`^(.+)-\\d{8}-${SAFE}{5}$`)],
  // A ReplicaSet has its Deployment's name and a hash of the template; older ones hash to digits.
  ['Deployment', new RegExp(`^(.+)-(?:${SAFE}{6,10}|\\d{8,10})-${SAFE}{5}$`)],
  ['StatefulSet', /^(.+)-(?:0|[1-9]\d{0,4})$/],
  ['DaemonSet', new RegExp(`^(.+)-${SAFE}{5}$`)],
];

/** `Kind/name`, undefined when no pattern fits. */
export function workloadOfPodName(pod: string): string | undefined {
  for (const [kind, pattern] of PATTERNS) {
    const name = pattern.exec(pod)?.[1];
    if (name !== undefined) return `${kind}/${name}`;
  }
  return undefined;
}

/** `Kind/name` of a pod's controller, a Deployment in place of its ReplicaSet and a CronJob in place of its Job. */
export function workloadOfOwner(kind: string, name: string): string {
  if (kind === 'ReplicaSet') {
    const deployment = new RegExp(`^(.+)-(?:${SAFE}{6,10}|\\d{8,10})$`).exec(name)?.[1];
    return deployment === undefined ? `${kind}/${name}` : `Deployment/${deployment}`;
  }
  const cronJob = kind === 'Job' ? /^(.+)-\d{8}$/.exec(name)?.[1] : undefined;
  return cronJob === undefined ? `${kind}/${name}` : `CronJob/${cronJob}`;
}
