// Status, nodes, namespaces and peers: Hubble's formats and ours.
import { toJson, toJsonLine } from '../../hubble/json/json.ts';
import { escapeHtml } from '../../hubble/json/json-text.ts';
import {
  ChangeNotification,
  ChangeNotificationType,
  type Namespace,
  Namespace as NamespaceType,
  type Node,
  NodeState,
  Node as NodeType,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import type { Format, StatusFormat } from '../output/format.ts';
import { plainText } from '../output/plain-text.ts';
import { render } from '../output/render.ts';
import { PLAIN, type Screen } from '../output/screen.ts';
import type { StreamForm } from '../output/stream.ts';
import { type Column, type Table, tableOf } from '../output/table.ts';
import { goDuration, roundToSeconds, secondsOf, twoDecimals } from './duration.ts';

const MISSING = 'N/A';

export async function statusText(
  status: ServerStatusResponse,
  format: StatusFormat,
  screen: Screen = PLAIN,
): Promise<string> {
  switch (format) {
    case 'compact':
      return compactStatus(status);
    case 'dict':
      return fields(status)
        .map(([, name, value]) => `${name.padStart(19)}: ${value}\n`)
        .join('');
    case 'json':
      return `${toJsonLine(ServerStatusResponse, status)}\n`;
    default: {
      const document = toJson(ServerStatusResponse, status);
      const columns = fields(status).map(([header, , value], at) => ({
        ...{ header, drop: STATUS_DROPS[at] ?? 0 },
        cell: () => value,
      }));
      const table = tableOf(columns, [status]);
      return render({ document, items: [document], table }, format, screen);
    }
  }
}

/** Which columns of a status a narrow terminal leaves out first: the seen flows, the version, the room, … */
const STATUS_DROPS = [9, 3, 1, 8, 5, 7, 6, 2];

/** Heading in a table, name in a list, value. */
function fields(status: ServerStatusResponse): [string, string, string][] {
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
    ['VERSION', 'VERSION', plainText(status.version ?? '')],
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
  const names = [...(status.unavailable_nodes ?? [])].sort(byCodeUnits).map(plainText);
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

const byName = (a: Node, b: Node) => byCodeUnits(a.name ?? '', b.name ?? '');

export function nodesText(
  nodes: readonly Node[],
  format: Format,
  screen: Screen = PLAIN,
): Promise<string> {
  const sorted = [...nodes].sort(byName);
  const json = sorted.map((node) => toJson(NodeType, node));
  return listText(json, tableOf(NODE_COLUMNS, sorted), format, screen);
}

const NODE_COLUMNS: readonly Column<Node>[] = [
  { header: 'NAME', cell: ({ name = '' }) => name, shrink: 16, empty: '' },
  {
    header: 'STATUS',
    cell: ({ state = 0 }) => STATES[state] ?? 'Unknown',
    tone: ({ state }) => (state === NodeState.numbers.NODE_CONNECTED ? 'good' : 'bad'),
  },
  {
    ...{ header: 'AGE', drop: 2 },
    cell: (node) => (uptimeOf(node) > 0n ? goDuration(uptimeOf(node)) : MISSING),
  },
  { header: 'FLOWS/S', cell: flowsPerSecond, drop: 3 },
  { header: 'CURRENT/MAX-FLOWS', cell: ringUse, drop: 1 },
  { header: 'VERSION', cell: ({ version }) => version || MISSING, wide: true },
  { header: 'ADDRESS', cell: ({ address = '' }) => address, wide: true, empty: '' },
  {
    ...{ header: 'TLS', wide: true },
    cell: ({ tls }) => (tls === undefined ? MISSING : tls.enabled ? 'Enabled' : 'Disabled'),
  },
];

function uptimeOf({ uptime_ns = 0n }: Node): bigint {
  return roundToSeconds(BigInt.asIntN(64, uptime_ns));
}

function flowsPerSecond(node: Node): string {
  const uptime = uptimeOf(node);
  return uptime > 0n ? twoDecimals(Number(node.seen_flows ?? 0n) / secondsOf(uptime)) : MISSING;
}

function ringUse({ num_flows: held = 0n, max_flows: room = 0n }: Node): string {
  if (room === 0n) return MISSING;
  const share = twoDecimals((Number(held) / Number(room)) * 100).padStart(6);
  return `${held}/${room} (${share}%)`;
}

export function namespacesText(
  namespaces: readonly Namespace[],
  format: Format,
  screen: Screen = PLAIN,
): Promise<string> {
  const json = namespaces.map((each) => toJson(NamespaceType, each));
  return listText(json, tableOf(NAMESPACE_COLUMNS, namespaces), format, screen);
}

const NAMESPACE_COLUMNS: readonly Column<Namespace>[] = [
  { header: 'NAMESPACE', cell: ({ namespace = '' }) => namespace, shrink: 20, empty: '' },
  { header: 'CLUSTER', cell: ({ cluster = '' }) => cluster, wide: true, empty: '' },
];

async function listText(
  json: readonly object[],
  table: Table,
  format: Format,
  screen: Screen = PLAIN,
): Promise<string> {
  // As hubble list prints it: an empty list is null, and a table without rows is its header.
  if (format === 'json')
    return json.length === 0 ? 'null\n' : `${escapeHtml(JSON.stringify(json, null, 2))}\n`;
  const header = table.columns.flatMap(({ header, wide }) => (wide ? [] : [header])).join('   ');
  const above = json.length === 0 && { above: `${header}\n` };
  return render({ document: json, items: json, table, ...above }, format, screen);
}

export const PEERS: StreamForm<ChangeNotification> = {
  line: peerLine,
  document: (peer) => toJson(ChangeNotification, peer),
  columns: [
    { header: 'CHANGE', cell: changeOf },
    { header: 'ADDRESS', cell: ({ address = '' }) => address },
    { header: 'NAME', cell: ({ name = '' }) => name },
    { header: 'TLS SERVER NAME', cell: ({ tls }) => tls?.server_name ?? '' },
  ],
};

function peerLine({ address = '', name = '', tls, ...peer }: ChangeNotification): string {
  const secured = tls === undefined ? '' : ` (TLS.ServerName: ${tls.server_name ?? ''})`;
  return `${changeOf(peer).padEnd(12)} ${address} ${name}${secured}`;
}

function changeOf({ type = 0 }: ChangeNotification): string {
  return ChangeNotificationType.names.get(type) ?? String(type);
}

function grouped(value = 0n): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
