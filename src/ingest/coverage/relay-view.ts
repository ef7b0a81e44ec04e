// The relay's own account of itself and its nodes, as of the last poll.
import { type Node, NodeState, type ServerStatusResponse } from '../../hubble/proto/schema.gen.ts';
import type { ResponseTracker } from '../batch/tracker.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { NodeCoverage } from './coverage.ts';
import { plainNode } from './mesh.ts';
import { type NodeCounts, SilenceWatch } from './silence.ts';

const NOTHING: ReadonlyMap<string, Node> = new Map();

export class RelayView {
  server: { readonly at: number; readonly status: ServerStatusResponse } | undefined;
  private byName = NOTHING;
  /** Nodes with series of their own. */
  private reported = new Set<string>();
  private readonly silence = new SilenceWatch();
  private silent: ReadonlySet<string> = new Set();
  private readonly cluster: string;
  private readonly metrics: IngestMetrics;
  private readonly owns: (node: string) => boolean;

  /** `owns` says which nodes are the cluster's: others are left out of all this. */
  constructor(cluster: string, metrics: IngestMetrics, owns: (node: string) => boolean) {
    this.cluster = cluster;
    this.owns = owns;
    this.metrics = metrics;
  }

  /** `nodes` undefined: the relay did not say. Returns connected nodes whose flows do not arrive. */
  take(
    at: number,
    status: ServerStatusResponse,
    nodes: readonly Node[] | undefined,
    tracker: ResponseTracker,
    paused: boolean,
  ): readonly string[] {
    const { metrics, cluster } = this;
    this.server = { at, status };
    metrics.relaySeen.set({ cluster }, Number(status.seen_flows ?? 0n));
    metrics.relayFlows.set({ cluster }, Number(status.num_flows ?? 0n));
    metrics.relayMax.set({ cluster }, Number(status.max_flows ?? 0n));
    metrics.relayNodes.set({ cluster, state: 'connected' }, status.num_connected_nodes ?? 0);
    metrics.relayNodes.set({ cluster, state: 'unavailable' }, status.num_unavailable_nodes ?? 0);
    if (nodes !== undefined) {
      const own = nodes.filter(({ name = '' }) => this.owns(name));
      this.byName = new Map(own.map((node) => [plainNode(node.name ?? ''), node]));
    }
    const gone = this.reported;
    this.reported = new Set();
    const counts: NodeCounts[] = [];
    const all = this.nodes(tracker);
    const expected = all.some(({ received, relay }) => received > 0 && relay !== undefined);
    for (const { name, received, relay } of all) {
      if (relay?.state === NodeState.numbers.NODE_CONNECTED) {
        counts.push({ name, received, seen: Number(relay.seen_flows ?? 0n), expected });
      }
      const labels = { cluster, node: name };
      metrics.nodeReceived.set(labels, received);
      metrics.nodeSeen.set(labels, Number(relay?.seen_flows ?? 0n));
      this.reported.add(name);
      gone.delete(name);
    }
    for (const node of gone) {
      metrics.nodeReceived.remove({ cluster, node });
      metrics.nodeSeen.remove({ cluster, node });
    }
    if (paused) this.silence.reset();
    this.silent = new Set(paused ? [] : this.silence.poll(at, counts));
    return [...this.silent];
  }

  /** The relay is not connected to the node, or nothing comes from it. */
  isDark(name: string): boolean {
    const state = this.byName.get(plainNode(name))?.state;
    const { NODE_UNAVAILABLE, NODE_GONE, NODE_ERROR } = NodeState.numbers;
    const away = state === NODE_UNAVAILABLE || state === NODE_GONE || state === NODE_ERROR;
    return away || this.silent.has(name);
  }

  /** The cluster's nodes as the relay lists them, by name without `default/`. */
  listed(): ReadonlyMap<string, Node> {
    return this.byName;
  }

  nodes(tracker: ResponseTracker): NodeCoverage[] {
    const result: NodeCoverage[] = [];
    const silent = new Map(this.byName);
    const ms = (time: number) => (Number.isFinite(time) ? tracker.ms(time) : undefined);
    for (const { name, own, received, lost, newest, heard } of tracker.nodes.values()) {
      if (!own) continue;
      const relay = this.byName.get(plainNode(name));
      silent.delete(plainNode(name));
      result.push({ name, received, lost, newest: ms(newest), heard: ms(heard), relay });
    }
    for (const [name, relay] of silent) {
      result.push({ name, received: 0, lost: 0, newest: undefined, heard: undefined, relay });
    }
    return result;
  }
}
