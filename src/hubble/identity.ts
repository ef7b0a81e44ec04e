// Security identities: scope and cluster of a number. A number has a meaning only within its scope and time: never join
// node-local ones across nodes.
/** How many clusters a mesh may have (Cilium's maxConnectedClusters); the same in the whole mesh, for its life. */
export type MeshSize = 255 | 511;

export type IdentityKind =
  /** 0: no identity was found. */
  | 'unknown'
  /** 1 to 255: means the same everywhere. */
  | 'reserved'
  /** No cluster id in the number: every cluster without a mesh hands out the same ones. */
  | 'cluster-local'
  /** Carries the id of the cluster that handed it out. */
  | 'mesh'
  /** A CIDR, numbered by each node for itself. */
  | 'cidr'
  /** Another node, numbered by each node for itself. */
  | 'remote-node'
  /** Above every range in use. */
  | 'unassigned';

/** Names of reserved identities by number, as Hubble prints them. */
export const RESERVED_IDENTITIES: readonly string[] = [
  'unknown',
  'host',
  'world',
  'unmanaged',
  'health',
  'init',
  'remote-node',
  'kube-apiserver',
  'ingress',
  'world-ipv4',
  'world-ipv6',
];

const LAST_RESERVED = 255;
const LAST_CLUSTER = 0x00ffffff;

/** Bits of the number below the cluster id: 65,535 identities a cluster with 255 clusters, 32,767 with 511. */
function clusterShift(mesh: MeshSize): number {
  return mesh === 511 ? 15 : 16;
}

export function identityKind(identity: number, mesh: MeshSize): IdentityKind {
  if (identity === 0) return 'unknown';
  if (identity <= LAST_RESERVED) return 'reserved';
  if (identity <= LAST_CLUSTER)
    return identity >>> clusterShift(mesh) === 0 ? 'cluster-local' : 'mesh';
  switch (identity >>> 24) {
    case 1:
      return 'cidr';
    case 2:
      return 'remote-node';
    default:
      return 'unassigned';
  }
}

/** The id of the cluster an identity belongs to; undefined when its number does not say. */
export function clusterIdOf(identity: number, mesh: MeshSize): number | undefined {
  if (identity <= LAST_RESERVED || identity > LAST_CLUSTER) return undefined;
  const id = identity >>> clusterShift(mesh);
  return id === 0 ? undefined : id;
}

/** 0 to 255: unknown, or what means the same everywhere. */
export function isReserved(identity: number): boolean {
  return identity <= LAST_RESERVED;
}

/** Whether the meaning of the number differs from node to node. */
export function isNodeLocal(identity: number): boolean {
  const scope = identity >>> 24;
  return scope === 1 || scope === 2;
}
