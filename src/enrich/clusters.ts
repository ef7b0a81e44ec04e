// Which cluster an end of a flow is in, and which fact says so. This is the place of deeper enrichment: a finder that
// also knows identity catalogues or pod networks takes the place of `createClusterFinder`'s.
import { clusterIdOf, type MeshSize } from '../hubble/identity.ts';

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
   * The cluster of an end, as seen from the cluster with key `observer`. Called once for each distinct end, not for
   * each flow: answers are kept as long as `version` stays the same.
   */
  find(observer: string, end: EndFacts): EndCluster;
  readonly version: number;
}

/** What the configuration says of the mesh that a cluster is in. */
export interface MeshFacts {
  /** How many clusters its identity numbers allow for, 255 by default. */
  readonly size?: MeshSize;
  /** Names of its clusters by their id. */
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
      const id = clusterIdOf(identity, mesh?.size ?? 255) ?? 0;
      if (clusterName !== '') return { name: clusterName, id, origin: ORIGIN.flow };
      const label = labels.find((each) => each.startsWith(CLUSTER_LABEL));
      const labelled = label?.slice(CLUSTER_LABEL.length) ?? '';
      if (labelled !== '') return { name: labelled, id, origin: ORIGIN.label };
      const name = mesh?.names?.get(id) ?? '';
      return { name, id, origin: name === '' ? ORIGIN.none : ORIGIN.identity };
    },
  };
}
