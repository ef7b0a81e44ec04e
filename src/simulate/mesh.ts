// The scenario `mesh`: two clusters whose relays both serve the flows of both, as in a ClusterMesh, and a third outside
// of it, named `default`, without an id and without a prefix on its node names. Clocks differ by seconds, some flows
// are late, identity numbers are reused.
import type { Clock } from '../runtime/clock.ts';
import { type LoadedRelay, LoadGenerator } from './load.ts';
import type { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';
import { makeCluster, type SimulatedCluster } from './topology.ts';

export interface MeshOptions {
  /** Flows a second of each cluster. */
  readonly rate: number;
  /** Flows of each cluster; 0 no end. */
  readonly count: number;
  readonly seed: number;
  readonly waitForClient: boolean;
  readonly lateMs: number;
}

/** How far the clocks of each cluster's nodes are ahead. */
const SKEWS_MS = [0, 4000, -4000] as const;

/** east and west are the mesh. */
export function meshClusters(nodes: number): readonly SimulatedCluster[] {
  const cluster = (name: string, id: number) =>
    makeCluster(
      name,
      id,
      Array.from({ length: nodes }, (_, node) => ({
        name: `worker-${node + 1}`,
        zone: `eu-central-1${'abc'[node % 3]}`,
        labels: [],
      })),
    );
  return [cluster('east', 1), cluster('west', 2), cluster('default', 0)];
}

/** The scenarios that fill the relays, one a cluster. `relays` of the mesh come first and share their rings. */
export function meshScenarios(
  clusters: readonly SimulatedCluster[],
  relays: readonly SimulatedRelay[],
  options: MeshOptions,
  clock: Clock,
): readonly Scenario[] {
  return clusters.flatMap((cluster, index) => {
    const relay = relays[index];
    if (relay === undefined) return [];
    const skewMs = SKEWS_MS[index] ?? 0;
    const own = relay.rings.filter(({ name }) => cluster.nodes.some((node) => node.name === name));
    const readers = relays.filter(({ rings }) => rings.some((ring) => own.includes(ring)));
    const reuseAfter = options.count > 0 ? Math.ceil(options.count / 2) : options.rate * 30;
    const clockOfNodes = { ...clock, now: () => clock.now() + skewMs };
    const load = { ...options, reuseAfter };
    return [new LoadGenerator(cluster, served(relay, readers, own), load, clockOfNodes)];
  });
}

/** The relay as the load of its own cluster sees it: what is new goes to all relays that serve these nodes. */
function served(
  relay: SimulatedRelay,
  readers: readonly SimulatedRelay[],
  rings: SimulatedRelay['rings'],
): LoadedRelay {
  return {
    name: relay.name,
    options: relay.options,
    rings,
    get observing() {
      return relay.observing;
    },
    flush: () => {
      for (const each of readers) each.flush();
    },
    stats: () => relay.stats(),
  };
}
