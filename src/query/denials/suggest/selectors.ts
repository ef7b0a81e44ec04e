// Which pods a policy has to select, and how it names the other end: from identity labels. Pure.
import { RESERVED_IDENTITIES } from '../../../hubble/identity.ts';
import type { VariantEnd } from '../variants.ts';

export type Labels = Readonly<Record<string, string>>;

export const NAMESPACE_LABEL = 'k8s:io.kubernetes.pod.namespace';
export const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster';
const SERVICE_ACCOUNT_LABEL = 'k8s:io.cilium.k8s.policy.serviceaccount';

/** Of every rollout, pod or run its own: a policy with one of them would stop to match with the next. */
const VOLATILE: ReadonlySet<string> = new Set([
  'k8s:pod-template-hash',
  'k8s:controller-revision-hash',
  'k8s:pod-template-generation',
  'k8s:statefulset.kubernetes.io/pod-name',
  'k8s:apps.kubernetes.io/pod-index',
  'k8s:controller-uid',
  'k8s:job-name',
  'k8s:batch.kubernetes.io/controller-uid',
  'k8s:batch.kubernetes.io/job-name',
  'k8s:batch.kubernetes.io/job-completion-index',
]);
/** Say how it was installed and in which version, which the next release changes. */
const RELEASE: ReadonlySet<string> = new Set([
  'k8s:helm.sh/chart',
  'k8s:app.kubernetes.io/version',
  'k8s:app.kubernetes.io/managed-by',
]);
/**
 * What Cilium adds: labels of the namespace, which are changed for reasons of the namespace; and what is said apart:
 * the namespace by the policy's own or by a label, the cluster by a label. The service account is no part of what the
 * workload is, and many workloads share one.
 */
const ADDED =
  /^k8s:(io\.cilium\.k8s\.(namespace\.labels\.|policy\.)|io\.kubernetes\.pod\.namespace$)/;

export interface Selected {
  readonly labels: Labels;
  /** Nothing but labels of a rollout was there to select by. */
  readonly volatile: boolean;
}

/** Labels that say what a workload is; undefined when there are none at all: then everything would be selected. */
export function workloadLabels(labels: readonly string[]): Selected | undefined {
  const all = pairsOf(labels).filter(([key]) => !isReserved(key) && !ADDED.test(key));
  const lasting = all.filter(([key]) => !VOLATILE.has(key) && !RELEASE.has(key));
  if (lasting.length > 0) return { labels: Object.fromEntries(lasting), volatile: false };
  const account = labelValue(labels, SERVICE_ACCOUNT_LABEL);
  if (account !== undefined && account !== 'default')
    return { labels: { [SERVICE_ACCOUNT_LABEL]: account }, volatile: false };
  if (all.length > 0) return { labels: Object.fromEntries(all), volatile: true };
  return undefined;
}

export function isPod({ labels }: VariantEnd): boolean {
  return labelValue(labels, NAMESPACE_LABEL) !== undefined;
}

/** Cilium's name for an end that is no pod; undefined for networks and what is unknown. */
export function entityOf({ labels, identity }: VariantEnd): string | undefined {
  const names = labels.flatMap((label) =>
    label.startsWith(RESERVED) ? [label.slice(RESERVED.length)] : [],
  );
  if (names.length === 0 && identity > 0)
    names.push(...[RESERVED_IDENTITIES[identity] ?? []].flat());
  // The API server is also a node, or of the world: its own name is the narrowest.
  return ENTITIES.find((entity) => names.includes(entity));
}

const RESERVED = 'reserved:';
/** The narrowest first; without `world`, which is selected by address. */
const ENTITIES = [
  'kube-apiserver',
  'host',
  'remote-node',
  'ingress',
  'health',
  'init',
  'unmanaged',
];

export function labelValue(labels: readonly string[], key: string): string | undefined {
  return pairsOf(labels).find(([name]) => name === key)?.[1];
}

function isReserved(key: string): boolean {
  return /^(reserved|cidr|cidrgroup|fqdn):/.test(key);
}

function pairsOf(labels: readonly string[]): [string, string][] {
  return labels.map((label) => {
    const equals = label.indexOf('=');
    return equals < 0 ? [label, ''] : [label.slice(0, equals), label.slice(equals + 1)];
  });
}
