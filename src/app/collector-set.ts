// The collectors of a process, one per cluster. Clusters are added, removed and changed without a restart of the others.
import type { Logger } from 'pino';
import type { Collector } from '../ingest/collector.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { type Component, worstOf } from '../runtime/component.ts';

/** Names of clusters. */
export interface SetChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface CollectorSet extends Component {
  /** Changes the set to `clusters`; resolves when done. Calls run one after the other. */
  apply(clusters: readonly ClusterConfig[]): Promise<SetChanges>;
}

export interface CollectorSetDeps {
  readonly clusters: readonly ClusterConfig[];
  readonly make: (cluster: ClusterConfig) => Collector;
  /** Called for removed clusters. */
  readonly forget: (cluster: string) => Promise<void>;
  /** Called with the number of collectors. */
  readonly count: (collectors: number) => void;
  readonly logger: Logger;
  /** Milliseconds for a removed collector to publish its batches. */
  readonly drainMs: number;
}

interface Member {
  readonly cluster: ClusterConfig;
  readonly collector: Collector;
}

// Long because its functions share the state of one set.
export function createCollectorSet(deps: CollectorSetDeps): CollectorSet {
  const { logger, count } = deps;
  const members = new Map<string, Member>();
  for (const cluster of deps.clusters)
    members.set(cluster.name, { cluster, collector: deps.make(cluster) });
  let running: AbortSignal | undefined;
  let stopping = false;
  let work: Promise<unknown> = Promise.resolve();

  async function change(clusters: readonly ClusterConfig[]): Promise<SetChanges> {
    if (stopping || running === undefined) return { added: [], removed: [], changed: [] };
    const wanted = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    const removed = [...members.keys()].filter((name) => !wanted.has(name));
    const added = [...wanted.keys()].filter((name) => !members.has(name));
    const changed = [...members.values()]
      .filter(({ cluster }) => {
        const next = wanted.get(cluster.name);
        return next !== undefined && JSON.stringify(next) !== JSON.stringify(cluster);
      })
      .map(({ cluster }) => cluster.name);
    // The old collector of a cluster ends before the new one starts.
    await Promise.all([...removed, ...changed].map(end));
    for (const name of removed) await deps.forget(name);
    const signal = running;
    await Promise.all(
      [...added, ...changed].map(async (name) => {
        const cluster = wanted.get(name);
        if (cluster === undefined) return;
        const collector = deps.make(cluster);
        members.set(name, { cluster, collector });
        await collector.start(signal);
      }),
    );
    count(members.size);
    return { added, removed, changed };
  }

  async function end(name: string): Promise<void> {
    const member = members.get(name);
    members.delete(name);
    try {
      await member?.collector.stop(AbortSignal.timeout(deps.drainMs));
    } catch (error) {
      logger.error({ err: error, cluster: name }, 'collector stop failed');
    }
  }

  return {
    name: 'collectors',
    async start(signal) {
      running = signal;
      count(members.size);
      await Promise.all([...members.values()].map(({ collector }) => collector.start(signal)));
    },
    async stop(limit) {
      stopping = true;
      await work.catch(() => undefined);
      await Promise.all([...members.values()].map(({ collector }) => collector.stop(limit)));
    },
    health: () => worstOf([...members.values()].map(({ collector }) => collector.health())),
    apply(clusters) {
      const done = work.then(() => change(clusters));
      work = done.catch(() => undefined);
      return done;
    },
  };
}
