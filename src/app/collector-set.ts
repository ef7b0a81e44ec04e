// The collectors of a process, one a cluster, and their change while it runs: clusters come and go without a restart,
// and those that stay are not disturbed.
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
  /** Makes the collectors those of `clusters`; resolves when the change is done. Calls are done one after the other. */
  apply(clusters: readonly ClusterConfig[]): Promise<SetChanges>;
}

export interface CollectorSetDeps {
  readonly clusters: readonly ClusterConfig[];
  readonly make: (cluster: ClusterConfig) => Collector;
  /** The cluster is collected no more. */
  readonly forget: (cluster: string) => Promise<void>;
  /** How many there are. */
  readonly count: (collectors: number) => void;
  readonly logger: Logger;
  /** Time for a collector that is removed to publish what it has, milliseconds. */
  readonly drainMs: number;
}

interface Member {
  readonly cluster: ClusterConfig;
  readonly collector: Collector;
}

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
    // One of a cluster at a time: the old one is gone before the new one reads.
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
      logger.error({ err: error, cluster: name }, 'collector did not stop cleanly');
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
