// Finds the cluster of a flow's end, and the fact that says so: the flow, the identity's label, the identity number. The
// meaning of a name or an id depends on the observing cluster: many clusters are called `default`, and ids repeat outside
// a mesh. Answers are keys of the configuration, or the name in its mesh of a cluster that has none.
import { clusterIdOf, identityKind, type MeshSize } from '../../hubble/identity.ts';

/** The fact that named the cluster, as column `*_cluster_origin` has it. */
export const ORIGIN = { none: 0, flow: 1, label: 2, identity: 3, address: 4 } as const;

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
  /** The id in the identity number, also when the name comes from elsewhere; 0 when it carries none. */
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

/** What is known of the mesh that an observing cluster is in. */
export interface MeshFacts {
  /** How many clusters its identity numbers allow for, 255 by default. */
  readonly size?: MeshSize;
  /** Keys of its clusters by their id. An id that two of them have is left out. */
  readonly names?: ReadonlyMap<number, string>;
  /** Keys of its clusters by the name Cilium has for them. */
  readonly keys?: ReadonlyMap<string, string>;
  /** True when the observer itself is configured: numbers that hold in one cluster only are then its own. */
  readonly known?: boolean;
  /** What to call a cluster of the mesh that is not configured here; its name by default. */
  readonly stranger?: (name: string) => string;
}

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';
/** What Cilium calls a cluster nobody named. It refuses to join a mesh under it, so it is always the observer. */
const UNNAMED = 'default';
const HOST = 1;

/** Finds by the flow's cluster name, else the identity's label, else the identity number. */
export function createClusterFinder(
  meshOf: (observer: string) => MeshFacts | undefined = () => undefined,
  version: () => number = () => 0,
): ClusterFinder {
  return {
    get version() {
      return version();
    },
    find(observer, { identity, clusterName, labels }) {
      const mesh = meshOf(observer);
      const size = mesh?.size ?? 255;
      const id = clusterIdOf(identity, size) ?? 0;
      if (clusterName !== '')
        return { name: keyOf(mesh, observer, clusterName), id, origin: ORIGIN.flow };
      const label = labels.find((each) => each.startsWith(CLUSTER_LABEL));
      const labelled = label?.slice(CLUSTER_LABEL.length) ?? '';
      if (labelled !== '')
        return { name: keyOf(mesh, observer, labelled), id, origin: ORIGIN.label };
      const own = identity === HOST || identityKind(identity, size) === 'cluster-local';
      const name = mesh?.known && own ? observer : (mesh?.names?.get(id) ?? '');
      return { name, id, origin: name === '' ? ORIGIN.none : ORIGIN.identity };
    },
  };
}

function keyOf(mesh: MeshFacts | undefined, observer: string, name: string): string {
  if (name === UNNAMED) return observer === '' ? name : observer;
  return mesh?.keys?.get(name) ?? mesh?.stranger?.(name) ?? name;
}
