// Status, nodes and namespaces in Hubble's output forms.
import { toJson, toJsonLine } from '../../hubble/json/json.ts';
import { escapeHtml } from '../../hubble/json/json-text.ts';
import { alignColumns } from '../../hubble/print/tabwriter.ts';
import { NO_COLORS } from '../../hubble/print/text.ts';
import {
  type ChangeNotification,
  ChangeNotificationType,
  type Namespace,
  Namespace as NamespaceType,
  type Node,
  NodeState,
  Node as NodeType,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { goDuration, roundToSeconds, secondsOf, twoDecimals } from './duration.ts';

const MISSING = 'N/A';
const { visible } = NO_COLORS;

/** Throws `input/invalid` for a form that is none. */
export function statusText(status: ServerStatusResponse, output: string): string {
  switch (output) {
    case 'compact':
      return compactStatus(status);
    case 'dict':
      return cells(status)
        .map(([, name, value]) => `${name.padStart(19)}: ${value}\n`)
        .join('');
    case 'json':
    case 'JSON':
    case 'jsonpb':
      return `${toJsonLine(ServerStatusResponse, status)}\n`;
    case 'tab':
    case 'table': {
      const columns = cells(status);
      const row = (at: 0 | 2) => `${columns.map((column) => column[at]).join('\t')}\n`;
      return alignColumns(row(0) + row(2));
    }
    default:
      throw new ParallaxError('input/invalid', `invalid output format: ${output}`);
  }
}

/** Heading in a table, name in a list, value. */
function cells(status: ServerStatusResponse): [string, string, string][] {
  const { num_connected_nodes: connected, num_unavailable_nodes: away, flows_rate } = status;
  const count = (value: number | undefined) => (value === undefined ? MISSING : String(value));
  const rate = flows_rate !== undefined && flows_rate > 0 ? twoDecimals(flows_rate) : MISSING;
  return [
    ['NUM FLOWS', 'NUM FLOWS', grouped(status.num_flows)],
    ['MAX FLOWS', 'MAX FLOWS', grouped(status.max_flows)],
    ['SEEN FLOWS', 'SEEN FLOWS', grouped(status.seen_flows)],
    ['FLOWS PER SECOND', 'FLOWS PER SECOND', rate],
    ['UPTIME', 'UPTIME', goDuration(status.uptime_ns ?? 0n)],
    ['NUM CONNECTED NODES', 'NUM CONNECTED NODES', count(connected)],
    ['NUM UNAVAILABLE NODES', 'NUM UNAVAIL. NODES', count(away)],
    ['VERSION', 'VERSION', visible(status.version ?? '')],
  ];
}

function compactStatus(status: ServerStatusResponse): string {
  const { num_flows: held = 0n, max_flows: room = 0n, seen_flows: seen = 0n } = status;
  const { num_connected_nodes: connected, num_unavailable_nodes: away, flows_rate = 0 } = status;
  const seconds = secondsOf(BigInt.asIntN(64, status.uptime_ns ?? 0n));
  const share = room > 0n ? ` (${twoDecimals((Number(held) / Number(room)) * 100)}%)` : '';
  const counted = seconds > 0 ? twoDecimals(Number(seen) / seconds) : MISSING;
  const rate = flows_rate > 0 ? twoDecimals(flows_rate) : counted;
  let text = `Current/Max Flows: ${grouped(held)}/${grouped(room)}${share}\nFlows/s: ${rate}\n`;
  if (connected !== undefined)
    text += `Connected Nodes: ${connected}${away === undefined ? '' : `/${connected + away}`}\n`;
  if (away === undefined || away === 0) return text;
  const names = [...(status.unavailable_nodes ?? [])].sort(byCodeUnits).map(visible);
  const more =
    names.length > 0 && away > names.length ? [`and ${away - names.length} more...`] : [];
  return `${text}Unavailable Nodes: ${away}\n${[...names, ...more].map((name) => `  - ${name}\n`).join('')}`;
}

const STATES: Readonly<Record<number, string>> = {
  [NodeState.numbers.NODE_CONNECTED]: 'Connected',
  [NodeState.numbers.NODE_UNAVAILABLE]: 'Unavailable',
  [NodeState.numbers.NODE_GONE]: 'Gone',
  [NodeState.numbers.NODE_ERROR]: 'Error',
};

export function nodesText(nodes: readonly Node[], output: string): string {
  const sorted = [...nodes].sort((a, b) => byCodeUnits(a.name ?? '', b.name ?? ''));
  return listText(output, {
    header: ['NAME', 'STATUS', 'AGE', 'FLOWS/S', 'CURRENT/MAX-FLOWS'],
    wideHeader: ['VERSION', 'ADDRESS', 'TLS'],
    rows: sorted.map((node) => [nodeCells(node), wideNodeCells(node)]),
    json: sorted.map((node) => toJson(NodeType, node)),
  });
}

function nodeCells(node: Node): string[] {
  const uptime = roundToSeconds(BigInt.asIntN(64, node.uptime_ns ?? 0n));
  const { num_flows: held = 0n, max_flows: room = 0n, seen_flows: seen = 0n } = node;
  const share = twoDecimals((Number(held) / Number(room)) * 100).padStart(6);
  return [
    node.name ?? '',
    STATES[node.state ?? 0] ?? 'Unknown',
    uptime > 0n ? goDuration(uptime) : MISSING,
    uptime > 0n ? twoDecimals(Number(seen) / secondsOf(uptime)) : MISSING,
    room > 0n ? `${held}/${room} (${share}%)` : MISSING,
  ];
}

function wideNodeCells({ version, address, tls }: Node): string[] {
  const secured = tls === undefined ? MISSING : tls.enabled ? 'Enabled' : 'Disabled';
  return [version || MISSING, address ?? '', secured];
}

export function namespacesText(namespaces: readonly Namespace[], output: string): string {
  return listText(output, {
    header: ['NAMESPACE'],
    wideHeader: ['CLUSTER'],
    rows: namespaces.map(({ namespace = '', cluster }) => [
      [namespace],
      cluster === undefined ? [] : [cluster],
    ]),
    json: namespaces.map((each) => toJson(NamespaceType, each)),
  });
}

interface Listing {
  readonly header: readonly string[];
  readonly wideHeader: readonly string[];
  /** Cells of a line, and those it has besides when it is wide. */
  readonly rows: readonly (readonly [readonly string[], readonly string[]])[];
  readonly json: readonly object[];
}

function listText(output: string, { header, wideHeader, rows, json }: Listing): string {
  // An empty list is none to Go.
  if (output === 'json')
    return json.length === 0 ? 'null\n' : `${escapeHtml(JSON.stringify(json, null, 2))}\n`;
  if (output !== 'table' && output !== 'wide')
    throw new ParallaxError('input/invalid', `unknown output format: ${output}`);
  const line = ([cells, wide]: readonly [readonly string[], readonly string[]]) =>
    `${[...cells, ...(output === 'wide' ? wide : [])].join('\t')}\n`;
  return alignColumns([[header, wideHeader] as const, ...rows].map(line).join(''));
}

export function peerText({ type = 0, address = '', name = '', tls }: ChangeNotification): string {
  const kind = ChangeNotificationType.names.get(type) ?? String(type);
  const secured = tls === undefined ? '' : ` (TLS.ServerName: ${tls.server_name ?? ''})`;
  return `${kind.padEnd(12)} ${address} ${name}${secured}\n`;
}

function grouped(value = 0n): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
