// The members of Kubernetes objects that enrichment uses.
import type { MeshSize } from '../../hubble/identity.ts';
import { workloadOfOwner } from '../inventory/workloads.ts';
import type { KubernetesObject } from './reflector.ts';

export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  /** `Kind/name`. */
  readonly workload: string;
  readonly node: string;
  /** None of its own on the host's network. */
  readonly addresses: readonly string[];
}

export interface NodeRecord {
  readonly name: string;
  readonly zone: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
}

export interface IdentityRecord {
  readonly identity: number;
  readonly labels: readonly string[];
  readonly createdMs: number;
}

/** What Cilium gave a pod: its addresses, and what they count as in policy. */
export interface EndpointRecord {
  readonly namespace: string;
  readonly name: string;
  /** Address of the node it is on; '' when it is not reported. */
  readonly host: string;
  readonly addresses: readonly string[];
  /** 0 until it has one. */
  readonly identity: number;
  /** Of the identity: a line each, sorted. */
  readonly labels: string;
}

export interface ServiceRecord {
  readonly namespace: string;
  readonly name: string;
  /** '' without an annotation of Cilium's global services. */
  readonly scope: string;
}

export interface CiliumConfigRecord {
  readonly ciliumName: string | undefined;
  readonly id: number | undefined;
  readonly size: MeshSize | undefined;
  readonly podCidrs: readonly string[];
}

export function podOf(object: KubernetesObject): PodRecord {
  const { metadata } = object;
  const { nodeName = '', hostNetwork = false } = part<{ nodeName: string; hostNetwork: boolean }>(
    object.spec,
  );
  const status = part<{ podIP: string; podIPs: readonly { ip?: string }[]; phase: string }>(
    object.status,
  );
  // The address of a pod that has ended is given to another.
  const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
  const listed = (status.podIPs ?? [{ ip: status.podIP ?? '' }]).flatMap(({ ip }) => ip || []);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    workload: owner ? workloadOfOwner(owner.kind, owner.name) : `Pod/${metadata.name}`,
    node: nodeName,
    addresses: hostNetwork || ended ? [] : listed,
  };
}

/** Of a CiliumNode, which has the labels of its Node. */
export function nodeOf(object: KubernetesObject): NodeRecord {
  const { metadata } = object;
  const spec = part<{
    addresses: readonly { ip?: string; type?: string }[];
    ipam: { podCIDRs?: readonly string[] };
  }>(object.spec);
  // Cilium's own addresses on the node are of its pods' network, and are placed by that.
  const addresses = (spec.addresses ?? []).filter(({ type }) => type !== 'CiliumInternalIP');
  return {
    name: metadata.name,
    zone: metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
    addresses: addresses.flatMap(({ ip }) => ip || []),
    podCidrs: spec.ipam?.podCIDRs ?? [],
  };
}

/** Of a CiliumIdentity, whose name is the number. */
export function identityOf(object: KubernetesObject): IdentityRecord | undefined {
  const identity = Number(object.metadata.name);
  const created = Date.parse(object.metadata.creationTimestamp ?? '');
  if (!Number.isInteger(identity) || identity <= 0) return undefined;
  const labels = part<Record<string, string>>(object['security-labels']);
  return {
    identity,
    labels: Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`)),
    createdMs: Number.isNaN(created) ? 0 : created,
  };
}

/** Of a CiliumEndpoint, which has the name of its pod. */
export function endpointOf({ metadata, status }: KubernetesObject): EndpointRecord {
  const { networking, identity } = part<{ networking: unknown; identity: unknown }>(status);
  const { addressing, node = '' } = part<{
    addressing: readonly { ipv4?: string; ipv6?: string }[] | null;
    node: string;
  }>(networking);
  const { id = 0, labels } = part<{ id: number; labels: readonly string[] | null }>(identity);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    host: node,
    addresses: (addressing ?? []).flatMap(({ ipv4, ipv6 }) =>
      [ipv4, ipv6].flatMap((address) => address || []),
    ),
    identity: id,
    labels: [...(labels ?? [])].sort().join('\n'),
  };
}

export function serviceOf({ metadata }: KubernetesObject): ServiceRecord {
  const { annotations = {} } = metadata;
  const annotation = (name: string) => annotations[`service.cilium.io/${name}`];
  const global =
    annotation('global') === 'true' || annotations['io.cilium/global-service'] === 'true';
  const affinity = annotation('affinity');
  // A global service is shared unless it says otherwise.
  const shared = annotation('shared') ?? annotations['io.cilium/shared-service'];
  const parts = [
    ...(affinity === undefined ? [] : [`affinity=${affinity}`]),
    ...(shared === 'false' ? ['shared=false'] : []),
  ];
  const scope = global ? ['global', ...parts].join(' ') : '';
  return { namespace: metadata.namespace ?? '', name: metadata.name, scope };
}

/** Of the ConfigMap cilium-config. */
export function ciliumConfigOf(object: KubernetesObject): CiliumConfigRecord {
  const data = part<Record<string, string>>(object.data);
  const id = Number(data['cluster-id'] ?? Number.NaN);
  const size = data['max-connected-clusters'];
  const pools = [data['cluster-pool-ipv4-cidr'], data['cluster-pool-ipv6-cidr']];
  return {
    ciliumName: data['cluster-name'],
    id: Number.isInteger(id) ? id : undefined,
    size: size === '511' ? 511 : size === '255' ? 255 : undefined,
    podCidrs: pools.flatMap((pool) => pool?.split(/[\s,]+/).filter((cidr) => cidr !== '') ?? []),
  };
}

/** A member of an object, as what the API says it is; an empty one when it is absent. */
function part<T extends object>(value: unknown): Partial<T> {
  return typeof value === 'object' && value !== null ? value : {};
}
