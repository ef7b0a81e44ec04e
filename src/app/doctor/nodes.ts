// Checks of the nodes of a relay: connected, not silent, of its own cluster.

import { type Node, NodeState } from '../../hubble/proto/schema.gen.ts';
import type { ClusterConfig } from '../../ingest/config.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import { MINUTE_NS } from '../../runtime/time.ts';
import type { RelayView } from './relays.ts';

/** A node that is up for this long without a flow has a problem. */
const SILENT_NS = 5n * MINUTE_NS;
const MOST_NAMES = 5;

export function* nodeFindings(
  view: RelayView,
  clusters: readonly ClusterConfig[],
): Generator<Finding> {
  const nodes = view.nodes.map(({ node }) => node);
  const { NODE_CONNECTED } = NodeState.numbers;
  const away = nodes.filter(({ state }) => state !== NODE_CONNECTED);
  if (away.length > 0)
    yield {
      check: 'nodes-connected',
      severity: 'problem',
      cluster: view.cluster.name,
      what: `the relay is not connected to ${away.length} of ${nodes.length} nodes`,
      evidence: list(away),
      cure: 'check the relay’s log: agents may be down, or their certificates not be of the relay’s authority (renaming a cluster requires new ones)',
    };
  const silent = nodes.filter(
    ({ state, seen_flows, uptime_ns }) =>
      state === NODE_CONNECTED && (seen_flows ?? 0n) === 0n && (uptime_ns ?? 0n) > SILENT_NS,
  );
  if (silent.length > 0)
    yield {
      check: 'nodes-silent',
      severity: 'warning',
      cluster: view.cluster.name,
      what: `${silent.length} nodes have not seen one flow since they started`,
      evidence: list(silent),
      cure: 'check that Hubble is enabled on them (hubble.enabled) and that pods run there',
    };
  yield* foreign(view, nodes, clusters);
}

function* foreign(
  { cluster }: RelayView,
  nodes: readonly Node[],
  clusters: readonly ClusterConfig[],
): Generator<Finding> {
  const prefixes = new Map<string, number>();
  for (const { name = '' } of nodes) {
    const slash = name.indexOf('/');
    if (slash > 0)
      prefixes.set(name.slice(0, slash), (prefixes.get(name.slice(0, slash)) ?? 0) + 1);
  }
  if (prefixes.size < 2) return;
  const others = [...prefixes].filter(([prefix]) => prefix !== cluster.name);
  const evidence = [...prefixes].map(([prefix, count]) => `${prefix}: ${count} nodes`).join(', ');
  const alsoCollected = others.filter(([prefix]) => clusters.some(({ name }) => name === prefix));
  const unfiltered = cluster.nodes.length === 0 && alsoCollected.length > 0;
  yield {
    check: 'relay-serves-mesh',
    severity: unfiltered ? 'warning' : 'ok',
    cluster: cluster.name,
    what: unfiltered
      ? 'the relay serves nodes of clusters that have a relay of their own here'
      : 'the relay serves several clusters of a mesh',
    evidence,
    cure: unfiltered
      ? `set clusters[].nodes of ${cluster.name} to its own nodes, such as "${cluster.name}/"`
      : '',
  };
}

function list(nodes: readonly Node[]): string {
  const names = nodes.map(({ name }) => name ?? '(no name)');
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
