// The service map: client and server at the level of clusters, namespaces or workloads, and what each side saw. An edge
// that the client's cluster forwarded and the server's cluster dropped shows both.
import { enumName } from '../../hubble/names.ts';
import { DropReason, Verdict } from '../../hubble/proto/schema.gen.ts';
import { list, number, type Row, readRow, text, tuple } from '../../store/rows.ts';
import { EMPTY, param, type Sql, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Document } from '../request/document.ts';
import { dimensionsNamed } from './dimensions.ts';
import { countedRows, keysOf, listed, namedList, type TotalsDeps } from './rows.ts';
import type { LEVELS, mapOutput } from './schema.ts';
import { checkWindow, exactFilter, type TotalsQuery } from './totals-query.ts';

export interface MapQuery extends TotalsQuery {
  readonly level: (typeof LEVELS)[number];
  /** Edges in the answer, the busiest first. */
  readonly limit: number;
}

export type ServiceMap = Document<typeof mapOutput>;
export type MapNode = ServiceMap['nodes'][number];
/** `client` and `server` are ids of nodes. */
export type MapEdge = ServiceMap['edges'][number];
/** What the nodes at one end of an edge saw. */
export type EdgeSide = NonNullable<MapEdge['source']>;

const MAX_PORTS = 20;
const INGRESS = 1;
const EGRESS = 2;

const PARTS: Readonly<Record<MapQuery['level'], readonly string[]>> = {
  cluster: ['.cluster'],
  namespace: ['.cluster', '.namespace'],
  workload: ['.cluster', '.namespace', ''],
};

export async function queryMap(
  store: Reader,
  query: MapQuery,
  deps: TotalsDeps,
): Promise<ServiceMap> {
  checkWindow(query);
  const filter = exactFilter(query, 'a map');
  const parts = PARTS[query.level];
  const ends = ['client', 'server'].flatMap((end) => parts.map((part) => end + part));
  const dimensions = [
    ...dimensionsNamed('level', ends),
    ...dimensionsNamed('level', [
      'cluster',
      'direction',
      'verdict',
      'drop-reason',
      'protocol',
      'port',
    ]),
  ];
  const { keys, shown } = keysOf(dimensions);
  const counting = { windows: [query], filter, keys, measures: ['flows', 'denied'] } as const;
  const rows = await countedRows(counting, deps);
  const limit = Math.min(query.limit, deps.config.maxEdges);
  const statement = mapStatement(rows.sql, shown, ends.length, limit);
  const found: FoundEdge[] = [];
  for await (const row of store.query(statement, {}, { signal: deps.signal }))
    found.push(foundOf(row, parts.length));
  return mapOf(found, query.level, rows.source);
}

/** One row per edge: the observations of each cluster, its ports, and its ends. */
function mapStatement(rows: Sql, shown: readonly Sql[], endCount: number, limit: number): Sql {
  const { names, columns } = namedList('e', shown.slice(0, endCount));
  const ends = listed(...names);
  const [observer = EMPTY, direction = EMPTY, verdict = EMPTY, ...rest] = shown.slice(endCount);
  const [reason = EMPTY, protocol = EMPTY, port = EMPTY] = rest;
  const views = sql`SELECT ${listed(...columns)}, toString(${observer}) AS observer, ${direction} AS direction,
      ${verdict} AS outcome, ${reason} AS reason, sum(m_flows) AS v, sum(m_denied) AS d,
      sumMap([toUInt32(${protocol}) * 65536 + ${port}], [m_flows]) AS ports
    FROM (${rows}) GROUP BY ${ends}, observer, direction, outcome, reason`;
  const edges = sql`SELECT ${ends}, sum(v) AS flows, sum(d) AS denied,
      groupArray((observer, direction, outcome, reason, v)) AS views, sumMap(ports.1, ports.2) AS called
    FROM (${views}) GROUP BY ${ends}`;
  return sql`SELECT flows, denied, views,
      arraySlice(arrayReverseSort(p -> (p.2, -toInt64(p.1)), arrayZip(called.1, called.2)), 1, ${MAX_PORTS}),
      length(called.1), arrayDistinct(arrayMap(p -> intDiv(p, 65536), called.1)), count() OVER (),
      sum(flows) OVER (), ${ends}
    FROM (${edges}) ORDER BY flows DESC, ${ends} LIMIT ${param(limit, 'UInt32')}`;
}

const EDGE = {
  flows: number,
  denied: number,
  views: list(tuple(text, number, number, number, number)),
  /** Protocol and port in one number, and flows. */
  ports: list(tuple(number, number)),
  portCount: number,
  protocols: list(number),
  /** All edges. */
  edges: number,
  allFlows: number,
};
const EDGE_COLUMNS = Object.keys(EDGE).length;

interface Seen {
  readonly observer: string;
  readonly direction: number;
  readonly verdict: number;
  readonly reason: number;
  readonly flows: number;
}

interface FoundEdge extends Omit<Row<typeof EDGE>, 'views'> {
  readonly client: readonly string[];
  readonly server: readonly string[];
  readonly seen: readonly Seen[];
}

function foundOf(row: readonly unknown[], parts: number): FoundEdge {
  const { views, ...edge } = readRow(EDGE, row);
  const ends = row.slice(EDGE_COLUMNS).map(text);
  return {
    ...edge,
    client: ends.slice(0, parts),
    server: ends.slice(parts),
    seen: views.map(([observer, direction, verdict, reason, flows]) => ({
      observer,
      direction,
      verdict,
      reason,
      flows,
    })),
  };
}

function mapOf(
  found: readonly FoundEdge[],
  level: MapQuery['level'],
  counted: ServiceMap['counted'],
): ServiceMap {
  const nodes = new Map<string, Counter>();
  const edges = found.map((edge) => edgeOf(edge));
  for (const [index, { client, server, flows, denied }] of found.entries()) {
    const edge = edges[index];
    for (const [id = '', parts, way] of [
      [edge?.client, client, 'out'],
      [edge?.server, server, 'in'],
    ] as const) {
      const node = nodes.get(id) ?? { parts, out: 0, in: 0, denied: 0 };
      nodes.set(id, node);
      node[way] += flows;
      node.denied += denied;
    }
  }
  const [first] = found;
  const flows = found.reduce((sum, edge) => sum + edge.flows, 0);
  return {
    level,
    counted,
    nodes: [...nodes].map(([id, { parts, ...counts }]) => {
      const [cluster = '', namespace, name] = parts;
      return {
        id,
        cluster,
        ...(namespace !== undefined && { namespace }),
        ...(name !== undefined && { name }),
        ...counts,
      };
    }),
    edges,
    flows: first?.allFlows ?? 0,
    cut: {
      edges: (first?.edges ?? 0) - found.length,
      flows: (first?.allFlows ?? 0) - flows,
    },
  };
}

interface Counter {
  readonly parts: readonly string[];
  out: number;
  in: number;
  denied: number;
}

function edgeOf(edge: FoundEdge): MapEdge {
  const { client, server, seen, flows, denied, ports, portCount, protocols } = edge;
  const [from = '', to = ''] = [client[0], server[0]];
  const crossCluster = from !== '' && to !== '' && from !== to;
  const sideOf = ({ observer, direction }: Seen) => {
    if (crossCluster && observer === from) return 'source';
    if (crossCluster && observer === to) return 'destination';
    if (direction === EGRESS) return 'source';
    return direction === INGRESS ? 'destination' : undefined;
  };
  const source = viewOf(seen.filter((each) => sideOf(each) === 'source'));
  const destination = viewOf(seen.filter((each) => sideOf(each) === 'destination'));
  const whole = viewOf(seen);
  return {
    client: idOf(client),
    server: idOf(server),
    crossCluster,
    flows,
    denied,
    dropped: seen.reduce(
      (sum, each) => sum + (each.verdict === Verdict.numbers.DROPPED ? each.flows : 0),
      0,
    ),
    verdicts: whole?.verdicts ?? {},
    clusters: whole?.clusters ?? [],
    protocols: protocols.map(protocolName).filter(Boolean).sort(),
    ports: ports.map(([called, count]) => ({
      port: called % 65_536,
      protocol: protocolName(Math.floor(called / 65_536)),
      flows: count,
    })),
    portCount,
    ...(source && { source }),
    ...(destination && { destination }),
  };
}

function viewOf(seen: readonly Seen[]): EdgeSide | undefined {
  if (seen.length === 0) return undefined;
  const verdicts: Record<string, number> = {};
  const drops: Record<string, number> = {};
  for (const { verdict, reason, flows } of seen) {
    const name = enumName(Verdict, verdict);
    verdicts[name] = (verdicts[name] ?? 0) + flows;
    if (verdict !== Verdict.numbers.DROPPED) continue;
    const why = reason === 0 ? 'refused by a proxy' : enumName(DropReason, reason);
    drops[why] = (drops[why] ?? 0) + flows;
  }
  return {
    clusters: [...new Set(seen.map(({ observer }) => observer))].sort(),
    flows: seen.reduce((sum, each) => sum + each.flows, 0),
    verdicts,
    drops,
  };
}

function protocolName(number: number): string {
  return PROTOCOLS[number] ?? String(number);
}

/** Parts joined by slashes; those of a name that has its namespace in it are not repeated. */
function idOf([cluster = '', namespace, name]: readonly string[]): string {
  const own =
    name === undefined
      ? namespace
      : name.startsWith(`${namespace}/`) || !namespace
        ? name
        : `${namespace}/${name}`;
  return own === undefined ? cluster : `${cluster}:${own}`;
}
