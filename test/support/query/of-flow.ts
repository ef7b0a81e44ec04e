// The dimensions of a single flow, derived without SQL: a second opinion on the columns and expressions of totals.

import {
  type Endpoint,
  type Flow,
  FlowType,
  type GetFlowsResponse,
  type Policy,
  Verdict,
} from '../../../src/hubble/proto/schema.gen.ts';
import { sourceCalls } from '../../../src/incident/caller.ts';
import { policyKind } from '../../../src/incident/denial.ts';
import { peerName } from '../../../src/incident/peer-name.ts';
import { nodeCluster, PROTOCOLS } from '../../../src/query/connections/observation.ts';
import type { Dimension } from '../../../src/query/totals/dimensions.ts';

type Side = 'source' | 'destination';
type Cell = string | number;

/** How the workload of a pod is guessed from its name: `Kind/name`. */
type Derive = (pod: string) => string | undefined;

const { DROPPED, AUDIT } = Verdict.numbers;
const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';
const NAMESPACE_LABEL = 'k8s:io.kubernetes.pod.namespace=';
const ZONE_LABEL = 'topology.kubernetes.io/zone=';
const HOST = 1;
const SYN = 2;
const ACK = 16;

/** The cells of a flow, in the order of the dimensions. */
export function cellsOf(
  response: GetFlowsResponse,
  dimensions: readonly Dimension[],
  derive: Derive,
): readonly Cell[] {
  const flow = response.flow ?? {};
  const seen = { flow, node: flow.node_name ?? response.node_name ?? '', derive };
  return dimensions.map(({ name, print }) => print(cellOf(name, seen)));
}

interface Seen {
  readonly flow: Flow;
  readonly node: string;
  readonly derive: Derive;
}

function cellOf(name: string, seen: Seen): Cell {
  const [, end, part = ''] = /^(source|destination|client|server)(?:\.(.*))?$/.exec(name) ?? [];
  if (end === undefined) return flowCell(name, seen);
  const forth = end === 'source' || end === (calls(seen.flow) ? 'client' : 'server');
  return endCell(part, forth ? 'source' : 'destination', seen);
}

function calls(flow: Flow): boolean {
  const flags = flow.l4?.TCP?.flags;
  return sourceCalls(
    protocolOf(flow),
    (flags?.SYN ? SYN : 0) | (flags?.ACK ? ACK : 0),
    flow.l7?.type ?? 0,
    flow.is_reply === undefined ? 0 : flow.is_reply ? 2 : 1,
    flow.reply === true ? 1 : 0,
    flow.event_type?.type ?? 0,
    flow.verdict ?? 0,
    portOf(flow, 'source'),
    portOf(flow, 'destination'),
  );
}

function endCell(part: string, side: Side, { flow, node, derive }: Seen): Cell {
  const end = flow[side] ?? {};
  const labels = end.labels ?? [];
  const namespace = end.namespace ?? '';
  const names = flow[`${side}_names`] ?? [];
  const local = isLocal(end);
  switch (part) {
    case '': {
      const workload = workloadOf(end, derive);
      const pod = end.pod_name ?? '';
      return workload || peerName({ dnsName: names[0] ?? '', labels, pod });
    }
    case 'cluster':
      return end.cluster_name || after(labels, CLUSTER_LABEL);
    case 'namespace':
      return namespace;
    case 'workload':
      return workloadOf(end, derive);
    case 'pod':
      return joined(namespace, end.pod_name);
    case 'ip':
      return flow.IP?.[side] ?? '';
    case 'port':
      return portOf(flow, side);
    case 'identity':
      return end.identity ?? 0;
    case 'labels':
      return labels.join('\n');
    case 'dns':
      return names[0] ?? '';
    case 'node':
      return local ? node.slice(node.indexOf('/') + 1) : '';
    case 'zone':
      return local ? after(flow.node_labels ?? [], ZONE_LABEL) : '';
    case 'service':
      return serviceOf(flow, side);
    default:
      return '';
  }
}

function flowCell(name: string, { flow, node }: Seen): Cell {
  switch (name) {
    case 'cluster':
      return nodeCluster(node);
    case 'node':
      return flow.node_name ?? '';
    case 'verdict':
      return flow.verdict ?? 0;
    case 'drop-reason':
      return flow.drop_reason_desc ?? 0;
    case 'direction':
      return flow.traffic_direction ?? 0;
    case 'protocol':
      return protocolOf(flow);
    case 'port':
      return portOf(flow, calls(flow) ? 'destination' : 'source');
    case 'reply':
      return calls(flow) ? 1 : 0;
    case 'type':
      return flow.Type ?? 0;
    case 'event-type':
      return flow.event_type?.type ?? 0;
    case 'trace-point':
      return flow.trace_observation_point ?? 0;
    case 'service':
      return serviceOf(flow, 'destination') || serviceOf(flow, 'source');
    case 'http.code':
      return flow.l7?.http?.code ?? 0;
    case 'http.method':
      return flow.l7?.http?.method ?? '';
    case 'http.url':
      return flow.l7?.http?.url ?? '';
    case 'dns.query':
      return flow.l7?.dns?.query ?? '';
    case 'dns.rcode':
      return flow.l7?.dns?.rcode ?? 0;
    case 'ip-version':
      return flow.IP?.ipVersion ?? 0;
    case 'encrypted':
      return flow.IP?.encrypted === true ? 1 : 0;
    case 'policy':
      return policiesOf(flow);
    default:
      return '';
  }
}

function protocolOf({ l4 }: Flow): number {
  return l4
    ? Math.max(
        0,
        PROTOCOLS.findIndex((name) => name !== '' && l4[name] !== undefined),
      )
    : 0;
}

function portOf({ l4 }: Flow, side: Side): number {
  return (l4?.TCP ?? l4?.UDP ?? l4?.SCTP)?.[`${side}_port`] ?? 0;
}

function workloadOf(end: Endpoint, derive: Derive): string {
  const namespace = end.namespace || after(end.labels ?? [], NAMESPACE_LABEL);
  const [told] = end.workloads ?? [];
  if (told !== undefined) return `${namespace}/${told.kind ?? ''}/${told.name ?? ''}`;
  const derived = end.pod_name ? derive(end.pod_name) : undefined;
  return derived === undefined ? '' : `${namespace}/${derived}`;
}

/** Some exporters put the identity in place of the endpoint's number, for remote ends too. */
function isLocal({ ID = 0, identity = 0 }: Endpoint): boolean {
  return (ID !== 0 && ID !== identity) || identity === HOST;
}

function serviceOf(flow: Flow, side: Side): string {
  const { namespace = '', name } = flow[`${side}_service`] ?? {};
  return joined(namespace, name);
}

function joined(namespace: string, name = ''): string {
  return name === '' || namespace === '' ? name : `${namespace}/${name}`;
}

function after(labels: readonly string[], prefix: string): string {
  return labels.find((label) => label.startsWith(prefix))?.slice(prefix.length) ?? '';
}

function policiesOf(flow: Flow): string {
  const denied = flow.verdict === DROPPED || flow.verdict === AUDIT;
  const lists: (readonly Policy[] | undefined)[] = denied
    ? [flow.egress_denied_by, flow.ingress_denied_by]
    : [flow.egress_allowed_by, flow.ingress_allowed_by];
  const named = lists.flatMap((list) =>
    (list ?? []).map(({ kind = '', namespace = '', name = '' }) => {
      const space = namespace === '' ? '' : `${namespace}/`;
      return `${kind} ${space}${name}`;
    }),
  );
  // By their bytes, as the engine sorts.
  const bytes = (text: string) => Buffer.from(text);
  return [...new Set(named)].sort((a, b) => Buffer.compare(bytes(a), bytes(b))).join(', ');
}

/** What a flow counts as beside being one. */
export function marksOf({ flow = {} }: GetFlowsResponse) {
  const dropped = flow.verdict === DROPPED;
  return {
    denied: Number(dropped && isPolicy(flow)),
    dropped: Number(dropped),
    audited: Number(flow.verdict === AUDIT),
  };
}

function isPolicy({ drop_reason_desc: reason = 0, Type }: Flow): boolean {
  return reason === 0 ? Type === FlowType.numbers.L7 : policyKind(reason) !== undefined;
}
