// Flows as CSV (RFC 4180): one line a flow, columns to choose from. A value that a spreadsheet would take for a formula
// has an apostrophe put before it.
import { stringify } from 'csv-stringify/sync';
import { toJson } from '../../hubble/json/json.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';

type Cell = (flow: unknown) => unknown;

const L4 = ['TCP', 'UDP', 'SCTP', 'ICMPv4', 'ICMPv6', 'VRRP', 'IGMP'];

/** By name, what a column holds, of the flow's own JSON. */
const COLUMNS: Readonly<Record<string, Cell>> = {
  time: path('time'),
  uuid: path('uuid'),
  verdict: path('verdict'),
  drop_reason: path('drop_reason_desc'),
  direction: path('traffic_direction'),
  type: path('Type'),
  node: path('node_name'),
  is_reply: path('is_reply'),
  protocol: (flow) => L4.find((name) => at(flow, `l4.${name}`) !== undefined) ?? '',
  ...endColumns('source'),
  ...endColumns('destination'),
  tcp_flags: (flow) => Object.keys(Object(at(flow, 'l4.TCP.flags'))).join(' '),
  'l7.type': path('l7.type'),
  'http.method': path('l7.http.method'),
  'http.url': path('l7.http.url'),
  'http.code': path('l7.http.code'),
  'dns.query': path('l7.dns.query'),
  allowed_by: policies('allowed'),
  denied_by: policies('denied'),
  trace_id: path('trace_context.parent.trace_id'),
  event_type: path('event_type.type'),
  event_sub_type: path('event_type.sub_type'),
  encrypted: path('IP.encrypted'),
  summary: path('Summary'),
};

export const CSV_COLUMNS: readonly string[] = Object.keys(COLUMNS);

export const DEFAULT_COLUMNS: readonly string[] = [
  ...['time', 'verdict', 'drop_reason', 'direction', 'type', 'node', 'protocol'],
  ...['cluster', 'namespace', 'pod', 'workload', 'ip', 'port'].map((each) => `source.${each}`),
  ...['cluster', 'namespace', 'pod', 'workload', 'ip', 'port'].map((each) => `destination.${each}`),
  ...['denied_by', 'summary', 'uuid'],
];

/** The first name that is no column. */
export function unknownColumn(names: readonly string[]): string | undefined {
  return names.find((name) => !Object.hasOwn(COLUMNS, name));
}

export function csvHead(names: readonly string[]): string {
  return lines([[...names]]);
}

/** One line; nothing for what is no flow. */
export function csvLine(names: readonly string[], response: GetFlowsResponse): string {
  if (response.flow === undefined) return '';
  // The object of a response has its fields.
  const { flow } = toJson(GetFlowsResponse, response) as { readonly flow?: unknown };
  return lines([names.map((name) => text(COLUMNS[name]?.(flow)))]);
}

function lines(rows: string[][]): string {
  return stringify(rows, { record_delimiter: '\r\n', escape_formulas: true });
}

function endColumns(end: 'source' | 'destination'): Record<string, Cell> {
  const port = L4.map((name) => `l4.${name}.${end}_port`);
  return {
    [`${end}.cluster`]: path(`${end}.cluster_name`),
    [`${end}.namespace`]: path(`${end}.namespace`),
    [`${end}.pod`]: path(`${end}.pod_name`),
    [`${end}.workload`]: (flow) => list(at(flow, `${end}.workloads`)).map(workload),
    [`${end}.ip`]: path(`IP.${end}`),
    [`${end}.port`]: (flow) =>
      port.map((each) => at(flow, each)).find((each) => each !== undefined),
    [`${end}.identity`]: path(`${end}.identity`),
    [`${end}.labels`]: path(`${end}.labels`),
    [`${end}.names`]: path(`${end}_names`),
    [`${end}.service`]: (flow) => {
      const name = at(flow, `${end}_service.name`);
      return name === undefined
        ? ''
        : `${text(at(flow, `${end}_service.namespace`))}/${text(name)}`;
    },
  };
}

function policies(outcome: 'allowed' | 'denied'): Cell {
  return (flow) =>
    ['ingress', 'egress'].flatMap((direction) =>
      list(at(flow, `${direction}_${outcome}_by`)).map(
        (each) => `${text(at(each, 'namespace'))}/${text(at(each, 'name'))}`,
      ),
    );
}

function workload(each: unknown): string {
  return `${text(at(each, 'kind'))}/${text(at(each, 'name'))}`;
}

function path(dotted: string): Cell {
  return (flow) => at(flow, dotted);
}

function at(value: unknown, dotted: string): unknown {
  let here = value;
  for (const key of dotted.split('.'))
    here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined;
  return here;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(text).join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
