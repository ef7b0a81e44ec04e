// Which cluster an end of a flow is in, and which fact says so. This is the place of deeper enrichment: a finder that
// also knows identity catalogues or pod networks takes the place of `createClusterFinder`'s.

/** Identity numbers below this are reserved, and mean the same everywhere. */
const FIRST_IDENTITY = 256;
/** Numbers above this are node-local (0x01… addresses, 0x02… remote nodes): the same one means another thing elsewhere. */
const LAST_GLOBAL_IDENTITY = 0xffffff;

/** How many clusters the mesh's numbering allows for, which decides where the cluster's bits are. */
export type MaxClusters = 255 | 511;

const NUMBERING = {
  255: { shift: 16, mask: 0xff },
  511: { shift: 15, mask: 0x1ff },
} as const satisfies Record<MaxClusters, { shift: number; mask: number }>;

/** The cluster id in an identity number; 0 when it carries none, as in clusters without an id. */
export function clusterIdOf(identity: number, maxClusters: MaxClusters = 255): number {
  if (identity < FIRST_IDENTITY || identity > LAST_GLOBAL_IDENTITY) return 0;
  const { shift, mask } = NUMBERING[maxClusters];
  return (identity >>> shift) & mask;
}

/** The fact that named the cluster, as column `*_cluster_origin` has it. */
export const ORIGIN = { none: 0, flow: 1, label: 2, identity: 3 } as const;

export type Origin = (typeof ORIGIN)[keyof typeof ORIGIN];

/** What a flow says of one of its ends. */
export interface EndFacts {
  readonly identity: number;
  readonly clusterName: string;
  readonly namespace: string;
  readonly podName: string;
  readonly labels: readonly string[];
}

export interface EndCluster {
  /** '' when no fact names it. */
  readonly name: string;
  /** The id in the identity number, whoever named the cluster; 0 when it carries none. */
  readonly id: number;
  readonly origin: Origin;
}

export interface ClusterFinder {
  /**
   * The cluster of an end, as seen from the cluster with key `observer`. Called once for each distinct end, not for each
   * flow: answers are kept as long as `version` stays the same.
   */
  find(observer: string, end: EndFacts): EndCluster;
  readonly version: number;
}

/** What the configuration says of the mesh that a cluster is in. */
export interface MeshFacts {
  readonly maxClusters?: MaxClusters;
  /** Names of the mesh's clusters by their id. */
  readonly names?: ReadonlyMap<number, string>;
}

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';

/** Finds by the flow's cluster name, else the identity's label, else the identity number. */
export function createClusterFinder(
  meshOf: (observer: string) => MeshFacts | undefined = () => undefined,
): ClusterFinder {
  return {
    version: 0,
    find(observer, { identity, clusterName, labels }) {
      const mesh = meshOf(observer);
      const id = clusterIdOf(identity, mesh?.maxClusters);
      if (clusterName !== '') return { name: clusterName, id, origin: ORIGIN.flow };
      const label = labels.find((each) => each.startsWith(CLUSTER_LABEL));
      const labelled = label?.slice(CLUSTER_LABEL.length) ?? '';
      if (labelled !== '') return { name: labelled, id, origin: ORIGIN.label };
      const name = id === 0 ? '' : (mesh?.names?.get(id) ?? '');
      return { name, id, origin: name === '' ? ORIGIN.none : ORIGIN.identity };
    },
  };
}
