// Watches what a relay says about itself and its nodes beside the flow stream: which nodes are ours, which have fallen
// silent, and where the stream stands in each node's count. Keeps the coverage ledger by it.
import type { Logger } from 'pino';
import type { Node } from '../../hubble/proto/schema.gen.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ResponseTracker } from '../batch/tracker.ts';
import type { ClusterConfig, CollectorConfig } from '../config.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { RelayConnection } from '../relay/relay-client.ts';
import { CoverageLedger } from './ledger.ts';
import { MeshFilter } from './mesh.ts';
import { RelayView } from './relay-view.ts';

export interface RelayWatchDeps {
  readonly cluster: ClusterConfig;
  readonly config: CollectorConfig;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** Takes the facts of one report. */
  readonly report: (facts: readonly Buffer[]) => void;
}

/** Before a stream is opened the relay has so long to say which nodes it has. */
const LIST_MS = 3_000;
/** Clusters with series of their own. */
const MAX_FOREIGN = 32;

export class RelayWatch {
  readonly tracker: ResponseTracker;
  readonly view: RelayView;
  readonly ledger: CoverageLedger;
  private readonly deps: RelayWatchDeps;
  private readonly mesh: MeshFilter;
  private readonly foreign = new Set<string>();
  private found: string | undefined;

  constructor(deps: RelayWatchDeps) {
    const { cluster, config, clock, metrics } = deps;
    this.deps = deps;
    this.mesh = new MeshFilter({
      name: cluster.name,
      ciliumName: cluster.ciliumName,
      mode: cluster.meshFilter,
      patterns: cluster.nodes,
    });
    const owns = (node: string) => this.mesh.owns(node);
    this.tracker = new ResponseTracker({
      startMs: clock.now(),
      overlapMs: config.overlap,
      lookbackMs: config.lookback,
      maxNodes: config.maxNodes,
      owns,
    });
    this.view = new RelayView(cluster.name, metrics, owns);
    this.ledger = new CoverageLedger(
      {
        tracker: this.tracker,
        view: this.view,
        everyMs: config.report,
        emit: deps.report,
        foreign: (from, count) => this.dropped(from, count),
      },
      clock.now(),
    );
  }

  /** What is wrong with the cluster's name; undefined when nothing is. */
  finding(): string | undefined {
    return this.mesh.finding();
  }

  /** Which nodes to ask for in a stream about to be opened. */
  async patterns(connection: RelayConnection): Promise<readonly string[]> {
    if (this.deps.cluster.meshFilter !== 'off') {
      const nodes = await connection.getNodes(LIST_MS).catch(() => undefined);
      if (nodes !== undefined) this.learn(nodes);
    }
    return this.mesh.request();
  }

  /**
   * One look at status and nodes. Resolves with the names of nodes that see flows which do not arrive, and whether the
   * stream must ask for other nodes than it did; rejects when the relay does not answer. `unfit`: reading was paused or
   * has just begun, so that what has not arrived says nothing.
   */
  async poll(
    connection: RelayConnection,
    unfit: boolean,
  ): Promise<{ readonly silent: readonly string[]; readonly changed: boolean }> {
    const { clock } = this.deps;
    const before = this.ledger.positions();
    const asked = this.mesh.request().join();
    const [status, nodes] = await Promise.all([
      connection.serverStatus(),
      connection.getNodes().catch(() => undefined),
    ]);
    const now = clock.now();
    if (nodes !== undefined) this.learn(nodes);
    const silent = this.view.take(now, status, nodes, this.tracker, unfit);
    if (nodes !== undefined) this.ledger.answered(nodes, before, now);
    return { silent, changed: this.mesh.request().join() !== asked };
  }

  private learn(nodes: readonly Node[]): void {
    const { logger, clock, metrics, cluster } = this.deps;
    const before = this.mesh.cluster;
    const changed = this.mesh.learn(nodes.map(({ name = '' }) => name));
    const finding = this.mesh.finding();
    metrics.misnamed.set({ cluster: cluster.name }, finding === undefined ? 0 : 1);
    if (finding !== undefined && finding !== this.found) logger.error(finding);
    this.found = finding;
    if (!changed) return;
    this.tracker.nodes.sort(this.tracker.at(clock.now()));
    if (this.mesh.cluster !== before) {
      const fields = { ciliumName: this.mesh.cluster };
      logger.info(fields, 'Cilium’s name of the cluster learned from the relay’s nodes');
    }
  }

  private dropped(from: string, count: number): void {
    const { metrics, cluster, logger } = this.deps;
    if (!this.foreign.has(from) && this.foreign.size < MAX_FOREIGN) {
      this.foreign.add(from);
      logger.info({ from, count }, 'flows of another cluster’s nodes are dropped');
    }
    const label = this.foreign.has(from) ? from : 'other';
    metrics.foreign.inc({ cluster: cluster.name, from: label }, count);
  }
}
