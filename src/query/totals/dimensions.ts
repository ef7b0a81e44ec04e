// What flows can be counted by: each dimension by the name users write, with its SQL over `flows` and, where that table
// has it, over `flow_totals`.

import { EVENT_TYPES, enumName } from '../../hubble/names.ts';
import {
  DropReason,
  FlowType,
  TraceObservationPoint,
  TrafficDirection,
  Verdict,
} from '../../hubble/proto/schema.gen.ts';
import type { EnumType } from '../../hubble/proto/schema.ts';
import { inputError } from '../../runtime/errors.ts';
import type { FlowColumnName } from '../../store/schema/columns.ts';
import { column, EMPTY, type Sql, sql } from '../../store/sql.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import { BEST_NAME, CLIENT_IS_SOURCE, SERVER_PORT } from './expressions.ts';

/** A value to group by. */
export interface Key {
  /** Over `flows`. */
  readonly flows: Sql;
  /** Over `flow_totals`: the same value; absent where that table does not have it. */
  readonly totals?: Sql;
}

export interface Dimension {
  readonly name: string;
  readonly doc: string;
  /** What rows are grouped by: columns as they are where that will do, which is what the engine does fastest. */
  readonly keys: readonly Key[];
  /** The value, of the keys: worked out once for each group, not for each row. */
  readonly shown: (...keys: readonly Sql[]) => Sql;
  /** The value in the answer. */
  readonly print: (cell: unknown) => string | number;
}

const text = (cell: unknown) => String(cell);
const number = (cell: unknown) => Number(cell);
const named = (type: EnumType) => (cell: unknown) => enumName(type, Number(cell));
const known = (type: EnumType) => (cell: unknown) =>
  Number(cell) === 0 ? '' : enumName(type, Number(cell));
const eventName = (cell: unknown) =>
  Object.entries(EVENT_TYPES).find(([, value]) => value === Number(cell))?.[0] ??
  (Number(cell) === 0 ? '' : String(cell));

const SIDES = ['source', 'destination'] as const;
type Side = (typeof SIDES)[number];

interface Part {
  readonly part: string;
  readonly doc: string;
  readonly keys: (side: Side) => readonly Key[];
  readonly shown: Dimension['shown'];
  readonly print: Dimension['print'];
}

const asIs = (key = EMPTY) => key;
const pair = (space = EMPTY, name = EMPTY) =>
  sql`if(${name} = '', '', if(${space} = '', toString(${name}), concat(${space}, '/', ${name})))`;
const onlyFlows = (name: FlowColumnName): Key => ({ flows: column(name) });
const inBoth = (name: FlowColumnName): Key => ({ flows: column(name), totals: column(name) });
const CALLED = { flows: CLIENT_IS_SOURCE, totals: column('client_is_source') } satisfies Key;

/** What an end can be counted by. */
const PARTS: readonly Part[] = [
  {
    part: '',
    doc: 'best name: workload, else DNS name, network, reserved identity or pod',
    keys: (side) => [
      {
        flows: BEST_NAME[side],
        totals: sql`if(${column(`${side}_workload`)} != '', ${column(`${side}_workload`)}, ${column(`${side}_peer`)})`,
      },
    ],
    shown: asIs,
    print: text,
  },
  ...(['cluster', 'namespace', 'workload'] as const).map((part) => ({
    part: `.${part}`,
    doc: part === 'workload' ? 'namespace/Kind/name' : part,
    keys: (side: Side) => [inBoth(`${side}_${part}`)],
    shown: asIs,
    print: text,
  })),
  {
    part: '.pod',
    doc: 'namespace/pod',
    keys: (side) => [onlyFlows(`${side}_namespace`), onlyFlows(`${side}_pod_name`)],
    shown: pair,
    print: text,
  },
  single('.ip', 'address', (side) => `ip_${side}`, text),
  single('.port', 'port', (side) => `${side}_port`, number),
  single('.identity', 'security identity', (side) => `${side}_identity`, number),
  single('.labels', 'identity labels', (side) => `${side}_labels`, text),
  {
    part: '.dns',
    doc: 'first of its DNS names',
    keys: (side) => [onlyFlows(`${side}_names`)],
    shown: (names = EMPTY) => sql`extract(${names}, '^[^\\\\n]+')`,
    print: text,
  },
  single('.node', 'node it runs on', (side) => `${side}_node`, text),
  single('.zone', 'zone of its node', (side) => `${side}_zone`, text),
  {
    part: '.service',
    doc: 'service as namespace/name',
    keys: (side) => [onlyFlows(`${side}_service_namespace`), onlyFlows(`${side}_service_name`)],
    shown: pair,
    print: text,
  },
];

function single(
  part: string,
  doc: string,
  name: (side: Side) => FlowColumnName,
  print: Dimension['print'],
): Part {
  return { part, doc, keys: (side) => [onlyFlows(name(side))], shown: asIs, print };
}

function* ends(): Generator<Dimension> {
  for (const side of SIDES)
    for (const { part, doc, keys, shown, print } of PARTS)
      yield { name: side + part, doc: `${side}: ${doc}`, keys: keys(side), shown, print };
  // The same for client and server, in either direction of the packet.
  for (const [end, forth, back] of [
    ['client', 'source', 'destination'],
    ['server', 'destination', 'source'],
  ] as const)
    for (const { part, doc, keys, shown, print } of PARTS) {
      if (part === '.port') continue;
      const other = keys(back);
      const oriented = keys(forth).map((key, index) => orient(key, other[index] ?? key));
      yield { name: end + part, doc: `${end}: ${doc}`, keys: oriented, shown, print };
    }
}

/** One of two values by who called. For each row: with both to group by, the engine takes several times as long. */
function orient(forth: Key, back: Key): Key {
  return {
    flows: sql`if(${CALLED.flows} = 1, ${forth.flows}, ${back.flows})`,
    ...(forth.totals !== undefined &&
      back.totals !== undefined && {
        totals: sql`if(${CALLED.totals} = 1, ${forth.totals}, ${back.totals})`,
      }),
  };
}

/** The same column in both tables. */
function both(name: string, doc: string, of: FlowColumnName, print: Dimension['print']): Dimension {
  return { name, doc, keys: [inBoth(of)], shown: asIs, print };
}

function flowsOnly(
  name: string,
  doc: string,
  of: FlowColumnName,
  print: Dimension['print'],
): Dimension {
  return { name, doc, keys: [onlyFlows(of)], shown: asIs, print };
}

const policyList = (json: Sql) => sql`JSONExtractArrayRaw(toString(${json}))`;
const policyName = (policy: Sql) =>
  sql`concat(JSONExtractString(${policy}, 'kind'), ' ', if(JSONExtractString(${policy}, 'namespace') = '', '',
    concat(JSONExtractString(${policy}, 'namespace'), '/')), JSONExtractString(${policy}, 'name'))`;
const DECIDED = sql`verdict IN (2, 4)`;

const DIMENSIONS: ReadonlyMap<string, Dimension> = new Map(
  [
    ...ends(),
    both('cluster', 'observing cluster', 'cluster', text),
    flowsOnly('node', 'observing node', 'node_name', text),
    both('verdict', 'verdict', 'verdict', named(Verdict)),
    both('drop-reason', 'drop reason', 'drop_reason_desc', known(DropReason)),
    both(
      'direction',
      'INGRESS: at the destination; EGRESS: at the source',
      'traffic_direction',
      known(TrafficDirection),
    ),
    both(
      'protocol',
      'TCP, UDP, ICMPv4, …',
      'l4_protocol',
      (cell: unknown) => PROTOCOLS[Number(cell)] ?? String(cell),
    ),
    {
      name: 'port',
      doc: 'port of the end that was called',
      keys: [{ flows: SERVER_PORT, totals: column('server_port') }],
      shown: asIs,
      print: number,
    },
    {
      name: 'reply',
      doc: 'whether the packet was an answer: true or false',
      keys: [CALLED],
      shown: asIs,
      print: (cell: unknown) => (Number(cell) === 1 ? 'false' : 'true'),
    },
    both('type', 'L3_L4, L7 or SOCK', 'type', named(FlowType)),
    flowsOnly('event-type', 'drop, trace, policy-verdict, l7, …', 'event_type', eventName),
    flowsOnly(
      'trace-point',
      'where in the datapath it was seen',
      'trace_observation_point',
      known(TraceObservationPoint),
    ),
    {
      name: 'service',
      doc: 'service called, as namespace/name',
      keys: SIDES.flatMap((side) => [
        onlyFlows(`${side}_service_namespace`),
        onlyFlows(`${side}_service_name`),
      ]),
      shown: (from = EMPTY, source = EMPTY, to = EMPTY, destination = EMPTY) =>
        sql`if(${destination} != '', ${pair(to, destination)}, ${pair(from, source)})`,
      print: text,
    },
    flowsOnly('http.code', 'HTTP status', 'http_code', number),
    flowsOnly('http.method', 'HTTP method', 'http_method', text),
    flowsOnly('http.url', 'HTTP URL', 'http_url', text),
    flowsOnly('dns.query', 'DNS name queried', 'dns_query', text),
    flowsOnly('dns.rcode', 'DNS response code', 'dns_rcode', number),
    flowsOnly('ip-version', '1 IPv4, 2 IPv6', 'ip_version', number),
    flowsOnly('encrypted', '1 where encrypted between nodes', 'ip_encrypted', number),
    {
      name: 'policy',
      doc: 'policies that decided: those that deny a flow that was denied, else those that allow it',
      keys: (['egress', 'ingress'] as const).map((way) => ({
        flows: sql`if(${DECIDED}, ${column(`${way}_denied_by`)}, ${column(`${way}_allowed_by`)})`,
      })),
      shown: (egress = EMPTY, ingress = EMPTY) =>
        sql`arrayStringConcat(arraySort(arrayDistinct(arrayMap(p -> ${policyName(sql`p`)}, arrayConcat(${policyList(egress)}, ${policyList(ingress)})))), ', ')`,
      print: text,
    },
  ].map((dimension: Dimension) => [dimension.name, dimension]),
);

/** Most dimensions of one question. */
export const MOST_DIMENSIONS = 6;

export function allDimensions(): Iterable<Dimension> {
  return DIMENSIONS.values();
}

/** The dimensions by their names. Throws `input/invalid` for one that is not known, or named twice. */
export function dimensionsNamed(
  field: string,
  names: readonly string[],
  most = MOST_DIMENSIONS,
): readonly Dimension[] {
  if (names.length > most)
    throw inputError(`${field}: ${names.length} dimensions are more than ${most}`, { field });
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw inputError(`${field}: ${twice} is named twice`, { field });
  return names.map((name) => {
    const dimension = DIMENSIONS.get(name);
    if (dimension !== undefined) return dimension;
    throw inputError(
      `${field}: ${JSON.stringify(name.slice(0, 100))} is no dimension; there are: ${[...DIMENSIONS.keys()].join(', ')}`,
      { field },
    );
  });
}
