// Usage of servers by cluster of their clients, in one pass over the flows of a window. Connections are counted by
// conversation, so it does not matter how many nodes and trace points saw one.

import { Verdict } from '../../hubble/proto/schema.gen.ts';
import { SOURCE_CALLS_SQL } from '../../incident/caller.ts';
import { DENIED_SQL } from '../../incident/denial.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { flag, number, rows, text } from '../../store/rows.ts';
import { constant, join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { ConnectionsConfig } from '../connections/config.ts';
import { BETWEEN_ADDRESSES, CONVERSATION } from '../connections/keys.ts';
import { inRange, type TimeRange } from '../read/range.ts';
import { column } from '../sql/columns.ts';
import type { CompiledFilter } from '../sql/compile.ts';

/** A server as one cluster's clients used it. */
export interface Usage {
  readonly namespace: string;
  readonly pod: string;
  readonly cluster: string;
  readonly clientCluster: string;
  /** The clients are no pods: outside, or nodes. */
  readonly outside: boolean;
  readonly port: number;
  readonly protocol: number;
  readonly named: {
    /** `namespace/name` as the flow says. */
    readonly service: string;
    /** Host of the URLs asked for. */
    readonly host: string;
    /** DNS names, one a line. */
    readonly names: string;
    /** `Kind/name`, one a line. */
    readonly workloads: string;
    /** Identity labels, one a line. */
    readonly labels: string;
  };
  readonly counts: UsageCounts;
}

const { DROPPED, AUDIT } = Verdict.numbers;
const SYN = sql`bitAnd(tcp_flags, 2) = 2`;
const DENIED = constant(DENIED_SQL);

type EndColumn = 'namespace' | 'pod_name' | 'cluster' | 'port' | 'names' | 'workloads' | 'labels';
const server = (name: EndColumn | 'service_name' | 'service_namespace') =>
  sql`if(forth, ${column(`destination_${name}`)}, ${column(`source_${name}`)})`;
const client = (name: EndColumn) =>
  sql`if(forth, ${column(`source_${name}`)}, ${column(`destination_${name}`)})`;
const conversations = (condition: Sql) => sql`uniqExactIf(${CONVERSATION}, ${condition})`;
const events = (condition: Sql) => sql`uniqExactIf(uuid, ${condition})`;
const timed = sql`l7_type = 2 AND l7_latency_ns > 0`;

const COUNTS = {
  connections: sql`uniqExact(${CONVERSATION})`,
  // An answer, or more than a SYN from the client.
  answered: conversations(
    sql`verdict != ${DROPPED} AND (NOT forth OR l7_type = 2 OR (l4_protocol = 1 AND tcp_flags != 0 AND NOT ${SYN}))`,
  ),
  denied: conversations(DENIED),
  dropped: conversations(sql`verdict = ${DROPPED} AND NOT ${DENIED}`),
  audited: conversations(sql`verdict = ${AUDIT}`),
  requests: events(sql`l7_type = 1`),
  responses: events(sql`l7_type = 2`),
  // DNS codes 0 and 3 answer: success and "no such name".
  serverErrors: events(
    sql`l7_type = 2 AND (http_code >= 500 OR (l7_protocol = 1 AND dns_rcode NOT IN (0, 3)))`,
  ),
  clientErrors: events(sql`l7_type = 2 AND http_code BETWEEN 400 AND 499`),
  latencyCount: sql`countIf(${timed})`,
  latencySum: sql`sumIf(l7_latency_ns, ${timed})`,
};
export type UsageCounts = Readonly<Record<keyof typeof COUNTS, number>>;

export function eachCount<T>(of: (name: keyof UsageCounts) => T): Record<keyof UsageCounts, T> {
  // Object.keys forgets that these are the names in COUNTS.
  const names = Object.keys(COUNTS) as (keyof UsageCounts)[];
  // fromEntries does so too.
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<keyof UsageCounts, T>;
}

const some = (value: Sql) => sql`anyIf(${value}, ${value} != '')`;
const serviceText = sql`if(${server('service_name')} = '', '', concat(${server('service_namespace')}, '/', ${server('service_name')}))`;

const KEYS = sql`toString(${server('namespace')}) AS server_namespace,
  toString(${server('pod_name')}) AS server_pod,
  toString(${server('cluster')}) AS server_cluster,
  toString(${client('cluster')}) AS client_cluster,
  ${client('pod_name')} = '' AS client_outside,
  ${server('port')} AS server_port,
  l4_protocol,
  if(server_pod = '', ${serviceText}, '') AS front`;
const NAMES = join(
  [serviceText, sql`domain(http_url)`, server('names'), server('workloads'), server('labels')].map(
    some,
  ),
  sql`, `,
);
const SHAPE = {
  namespace: text,
  pod: text,
  cluster: text,
  clientCluster: text,
  outside: flag,
  port: number,
  protocol: number,
  front: text,
  service: text,
  host: text,
  names: text,
  workloads: text,
  labels: text,
  ...eachCount(() => number),
};

/** Throws `store/limit` when there are more than may be held. */
export async function readUsage(
  store: Reader,
  how: {
    readonly range: TimeRange;
    readonly filter: CompiledFilter;
    readonly config: ConnectionsConfig;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Usage[]> {
  const { range, filter, config, signal } = how;
  const counts = join(Object.values(COUNTS), sql`, `);
  const statement = sql`SELECT ${KEYS}, ${NAMES}, ${counts}
    FROM (
      SELECT *, ${constant(SOURCE_CALLS_SQL)} AS forth FROM ${table('flows')}
      WHERE ${inRange('flows', range)} AND ${BETWEEN_ADDRESSES} AND (${filter.condition})
    )
    WHERE l4_protocol IN (1, 2, 5) AND (${server('pod_name')} != '' OR ${server('service_name')} != '')
    GROUP BY server_namespace, server_pod, server_cluster, client_cluster, client_outside, server_port, l4_protocol, front
    LIMIT ${param(config.maxServices + 1, 'UInt32')}`;
  const found: Usage[] = [];
  for await (const row of rows(store, statement, SHAPE, { signal })) {
    const { namespace, pod, cluster, clientCluster, outside, port, protocol, ...rest } = row;
    const { service, host, names, workloads, labels, front: _, ...counts } = rest;
    const named = { service, host, names, workloads, labels };
    found.push({ namespace, pod, cluster, clientCluster, outside, port, protocol, named, counts });
  }
  if (found.length > config.maxServices)
    throw new ParallaxError(
      'store/limit',
      `there are more than ${config.maxServices} servers and clients of them; narrow them by time or filters, or raise api.connections.maxServices`,
    );
  return found;
}
