// Checks of every configured relay: it answers, its nodes, the retention of their rings, versions. Counters are read twice,
// some seconds apart, to measure current rates.
import type { Node, ServerStatusResponse } from '../../hubble/proto/schema.gen.ts';
import { NodeState } from '../../hubble/proto/schema.gen.ts';
import type { ClusterConfig, CollectorConfig } from '../../ingest/config.ts';
import { RelayClient } from '../../ingest/relay/relay-client.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import type { Clock } from '../../runtime/clock.ts';
import { nodeFindings } from './nodes.ts';
import { ringFindings } from './rings.ts';

export interface RelayDeps {
  readonly collector: CollectorConfig;
  readonly clock: Clock;
  /** Milliseconds between the two reads of the counters. */
  readonly between: number;
}

export interface NodeRate {
  readonly node: Node;
  /** Flows per second between the two reads; undefined when the node restarted in between or has no counters. */
  readonly rate: number | undefined;
}

export interface RelayView {
  readonly cluster: ClusterConfig;
  readonly status: ServerStatusResponse;
  readonly nodes: readonly NodeRate[];
}

/** Checks all relays concurrently; a relay that does not answer is a finding. */
export async function relayFindings(
  clusters: readonly ClusterConfig[],
  deps: RelayDeps,
  signal: AbortSignal,
): Promise<Finding[]> {
  const looks = await Promise.all(clusters.map((cluster) => look(cluster, deps, signal)));
  const views = looks.filter((each): each is RelayView => !('check' in each));
  return [
    ...looks.filter((each): each is Finding => 'check' in each),
    ...views.map(answers),
    ...views.flatMap((view) => [...nodeFindings(view, clusters)]),
    ...views.flatMap((view) => [...ringFindings(view, deps.collector)]),
    ...versionFindings(views),
  ];
}

async function look(
  cluster: ClusterConfig,
  { collector, clock, between }: RelayDeps,
  signal: AbortSignal,
): Promise<RelayView | Finding> {
  try {
    const client = new RelayClient({ cluster, config: collector });
    const relay = await client.connect(signal);
    try {
      const first = await relay.getNodes();
      const began = clock.now();
      await clock.sleep(between, signal);
      const [nodes, status] = await Promise.all([relay.getNodes(), relay.serverStatus()]);
      const seconds = (clock.now() - began) / 1000;
      return { cluster, status, nodes: nodes.map((node) => withRate(node, first, seconds)) };
    } finally {
      relay.destroy();
    }
  } catch (error) {
    return {
      check: 'relay-answers',
      severity: 'problem',
      cluster: cluster.name,
      what: 'the relay does not answer',
      evidence: error instanceof Error ? error.message : String(error),
      cure: 'the message names the cause; flows of this cluster are not collected until it is fixed',
    };
  }
}

function withRate(node: Node, before: readonly Node[], seconds: number): NodeRate {
  const earlier = before.find(({ name }) => name === node.name);
  const seen = node.seen_flows;
  const was = earlier?.seen_flows;
  if (seen === undefined || was === undefined || seen < was) return { node, rate: undefined };
  return { node, rate: Number(seen - was) / seconds };
}

function answers({ cluster, status, nodes }: RelayView): Finding {
  const connected = nodes.filter(
    ({ node }) => node.state === NodeState.numbers.NODE_CONNECTED,
  ).length;
  return {
    check: 'relay-answers',
    severity: 'ok',
    cluster: cluster.name,
    what: 'the relay answers',
    evidence: `${cluster.relay}: ${status.version ?? 'version unknown'}, ${connected} of ${nodes.length} nodes connected, ${status.seen_flows ?? 0n} flows seen`,
    cure: '',
  };
}

/** Relays, and nodes of one relay, with different minor versions. */
function* versionFindings(views: readonly RelayView[]): Generator<Finding> {
  for (const { cluster, nodes } of views) {
    const minors = new Set(nodes.map(({ node }) => minorOf(node.version)).filter((v) => v !== ''));
    if (minors.size > 1)
      yield {
        check: 'versions',
        severity: 'warning',
        cluster: cluster.name,
        what: 'nodes run different minor versions of Cilium',
        evidence: [...minors].sort().join(', '),
        cure: 'finish the upgrade: fields that older agents do not know are missing from their flows',
      };
  }
  const relays = new Map(
    views.map(({ cluster, status }) => [cluster.name, minorOf(status.version)]),
  );
  const minors = new Set([...relays.values()].filter((version) => version !== ''));
  if (minors.size > 1)
    yield {
      check: 'versions',
      severity: 'warning',
      what: 'relays run different minor versions of Cilium',
      evidence: [...relays].map(([name, version]) => `${name} ${version || 'unknown'}`).join(', '),
      cure: 'Cilium supports meshes of neighbouring minor versions only; flows of older clusters lack newer fields',
    };
}

/** `1.19` of `cilium v1.19.4+g…`; '' when there is none. */
function minorOf(version: string | undefined): string {
  return /(\d+\.\d+)\.\d+/.exec(version ?? '')?.[1] ?? '';
}
