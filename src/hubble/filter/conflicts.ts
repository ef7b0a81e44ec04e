// Filter flags that cannot be combined within one list, as in Hubble.
const GROUPS: readonly (readonly string[])[] = [
  [
    'from-fqdn',
    'from-ip',
    'ip',
    'fqdn',
    'from-namespace',
    'namespace',
    'from-all-namespaces',
    'all-namespaces',
  ],
  ['from-fqdn', 'from-ip', 'ip', 'fqdn', 'from-pod', 'pod'],
  [
    'to-fqdn',
    'to-ip',
    'ip',
    'fqdn',
    'to-namespace',
    'namespace',
    'to-all-namespaces',
    'all-namespaces',
  ],
  ['to-fqdn', 'to-ip', 'ip', 'fqdn', 'to-pod', 'pod'],
  ['to-pod', 'namespace', 'all-namespaces'],
  ['from-pod', 'namespace', 'all-namespaces'],
  ['to-service', 'namespace', 'all-namespaces'],
  ['from-service', 'namespace', 'all-namespaces'],
  ['label', 'from-label'],
  ['label', 'to-label'],
  ['service', 'from-service'],
  ['service', 'to-service'],
  ['port', 'to-port'],
  ['port', 'from-port'],
  ['identity', 'to-identity'],
  ['identity', 'from-identity'],
  ['workload', 'to-workload'],
  ['workload', 'from-workload'],
  ['encrypted', 'unencrypted'],
];

/** The first pair among `used` that may not stand together with `flag`. */
export function conflictOf(
  flag: string,
  used: ReadonlySet<string>,
): readonly [string, string] | undefined {
  for (const group of GROUPS) {
    if (!group.includes(flag)) continue;
    const [first, second] = group.filter((name) => used.has(name));
    if (first !== undefined && second !== undefined) return [first, second];
  }
  return undefined;
}
