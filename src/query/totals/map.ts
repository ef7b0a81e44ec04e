// The service map: client and server at the level of clusters, namespaces or workloads, and what each side saw. An edge
// that the client's cluster forwarded and the server's cluster dropped shows both.
import { enumName } from '../../hubble/names.ts';
import { DropReason, Verdict } from '../../hubble/proto/schema.gen.ts';
import { textSql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Document } from '../request/document.ts';
import { dimensionsNamed } from './dimensions.ts';
import { COUNTED_TABLES, countedRows, keysOf, type TotalsDeps } from './rows.ts';
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
  const sql = mapStatement(rows.sql, shown, ends.length);
  const params = { ...rows.params, edgeLimit: limit };
  const found: FoundEdge[] = [];
  for await (const row of store.query(
    textSql(sql, params, COUNTED_TABLES),
    {},
    { signal: deps.signal },
  ))
    found.push(foundOf(row, parts.length));
  return mapOf(found, query.level, rows.source);
}

/** One row per edge: its ends, the observations of each cluster, and its ports. */
function mapStatement(rows: string, shown: readonly string[], endCount: number): string {
  const ends = shown
    .slice(0, endCount)
    .map((_, index) => `e${index}`)
    .join(', ');
  const [observer, direction, verdict, reason, protocol, port] = shown.slice(endCount);
  const views =
    `SELECT ${shown
      .slice(0, endCount)
      .map((sql, index) => `${sql} AS e${index}`)
      .join(', ')}, ` +
    `toString(${observer}) AS observer, ${direction} AS direction, ${verdict} AS outcome, ${reason} AS reason, ` +
    `sum(m_flows) AS v, sum(m_denied) AS d, sumMap([toUInt32(${protocol}) * 65536 + ${port}], [m_flows]) AS ports ` +
    `FROM (${rows}) GROUP BY ${ends}, observer, direction, outcome, reason`;
  const edges =
    `SELECT ${ends}, sum(v) AS flows, sum(d) AS denied, ` +
    'groupArray((observer, direction, outcome, reason, v)) AS views, sumMap(ports.1, ports.2) AS called ' +
    `FROM (${views}) GROUP BY ${ends}`;
  return (
    `SELECT ${ends}, flows, denied, views, ` +
    `arraySlice(arrayReverseSort(p -> (p.2, -toInt64(p.1)), arrayZip(called.1, called.2)), 1, ${MAX_PORTS}), length(called.1), ` +
    'arrayDistinct(arrayMap(p -> intDiv(p, 65536), called.1)), count() OVER (), sum(flows) OVER () ' +
    `FROM (${edges}) ORDER BY flows DESC, ${ends} LIMIT {edgeLimit:UInt32}`
  );
}

interface Seen {
  readonly observer: string;
  readonly direction: number;
  readonly verdict: number;
  readonly reason: number;
  readonly flows: number;
}

interface FoundEdge {
  readonly client: readonly string[];
  readonly server: readonly string[];
  readonly flows: number;
  readonly denied: number;
  readonly seen: readonly Seen[];
  readonly ports: readonly (readonly [called: number, flows: number])[];
  readonly portCount: number;
  readonly protocols: readonly number[];
  /** All edges. */
  readonly edges: number;
  readonly allFlows: number;
}

function foundOf(row: readonly unknown[], parts: number): FoundEdge {
  const [flows, denied, views, ports, portCount, protocols, edges, allFlows] = row.slice(2 * parts);
  return {
    client: row.slice(0, parts).map(String),
    server: row.slice(parts, 2 * parts).map(String),
    flows: Number(flows),
    denied: Number(denied),
    seen: tuples(views).map(([observer, direction, verdict, reason, count]) => ({
      observer: String(observer),
      direction: Number(direction),
      verdict: Number(verdict),
      reason: Number(reason),
      flows: Number(count),
    })),
    ports: tuples(ports).map(([called, count]) => [Number(called), Number(count)]),
    portCount: Number(portCount),
    protocols: Array.isArray(protocols) ? protocols.map(Number) : [],
    edges: Number(edges),
    allFlows: Number(allFlows),
  };
}

function tuples(value: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(value) ? value.filter((each) => Array.isArray(each)) : [];
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
