// One pass over the flows of a window: for every server and every cluster that called it, distinct connections and what
// came of them. Counted by conversation, so that it does not matter how many nodes and trace points saw one.

import { Verdict } from '../../hubble/proto/schema.gen.ts';
import { SOURCE_CALLS_SQL } from '../../incident/caller.ts';
import { DENIED_SQL } from '../../incident/denial.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import type { ConnectionsConfig } from '../connections/config.ts';
import { BETWEEN_ADDRESSES, CONVERSATION } from '../connections/keys.ts';
import { rangeCondition, type TimeRange } from '../read/range.ts';
import type { CompiledSql } from '../sql/compile.ts';

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

export const COUNTED = [
  'connections',
  'answered',
  'denied',
  'dropped',
  'audited',
  'requests',
  'responses',
  'serverErrors',
  'clientErrors',
  'latencyCount',
  'latencySum',
] as const;
export type UsageCounts = Readonly<Record<(typeof COUNTED)[number], number>>;

const { DROPPED, AUDIT } = Verdict.numbers;
const SYN = 'bitAnd(tcp_flags, 2) = 2';
/** DNS codes that answer: success and "no such name". */
const DNS_ANSWERS = '0, 3';

const server = (column: string) => `if(forth, destination_${column}, source_${column})`;
const client = (column: string) => `if(forth, source_${column}, destination_${column})`;
const conversations = (condition: string) => `uniqExactIf(${CONVERSATION}, ${condition})`;
const events = (condition: string) => `uniqExactIf(uuid, ${condition})`;
const timed = 'l7_type = 2 AND l7_latency_ns > 0';

const COUNTS: Readonly<Record<(typeof COUNTED)[number], string>> = {
  connections: `uniqExact(${CONVERSATION})`,
  // An answer, or more than a SYN from the client.
  answered: conversations(
    `verdict != ${DROPPED} AND (NOT forth OR l7_type = 2 OR (l4_protocol = 1 AND tcp_flags != 0 AND NOT ${SYN}))`,
  ),
  denied: conversations(DENIED_SQL),
  dropped: conversations(`verdict = ${DROPPED} AND NOT ${DENIED_SQL}`),
  audited: conversations(`verdict = ${AUDIT}`),
  requests: events('l7_type = 1'),
  responses: events('l7_type = 2'),
  serverErrors: events(
    `l7_type = 2 AND (http_code >= 500 OR (l7_protocol = 1 AND dns_rcode NOT IN (${DNS_ANSWERS})))`,
  ),
  clientErrors: events('l7_type = 2 AND http_code BETWEEN 400 AND 499'),
  latencyCount: `countIf(${timed})`,
  latencySum: `sumIf(l7_latency_ns, ${timed})`,
};

const some = (text: string) => `anyIf(${text}, ${text} != '')`;
const serviceText = `if(${server('service_name')} = '', '', concat(${server('service_namespace')}, '/', ${server('service_name')}))`;

const KEYS = [
  `toString(${server('namespace')}) AS server_namespace`,
  `toString(${server('pod_name')}) AS server_pod`,
  `toString(${server('cluster')}) AS server_cluster`,
  `toString(${client('cluster')}) AS client_cluster`,
  `${client('pod_name')} = '' AS client_outside`,
  `${server('port')} AS server_port`,
  'l4_protocol',
  `if(server_pod = '', ${serviceText}, '') AS front`,
];
const NAMES = [
  some(serviceText),
  some('domain(http_url)'),
  some(server('names')),
  some(server('workloads')),
  some(server('labels')),
];

/** Throws `store/limit` when there are more than may be held. */
export async function readUsage(
  store: Reader,
  how: {
    readonly range: TimeRange;
    readonly filter: CompiledSql;
    readonly config: ConnectionsConfig;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Usage[]> {
  const { range, filter, config, signal } = how;
  const { where, params } = rangeCondition('flows', range);
  const sql =
    `SELECT ${KEYS.join(', ')}, ${NAMES.join(', ')}, ${COUNTED.map((name) => COUNTS[name]).join(', ')} ` +
    `FROM (SELECT *, ${SOURCE_CALLS_SQL} AS forth FROM flows WHERE ${where} AND ${BETWEEN_ADDRESSES} AND (${filter.where})) ` +
    `WHERE l4_protocol IN (1, 2, 5) AND (${server('pod_name')} != '' OR ${server('service_name')} != '') ` +
    'GROUP BY server_namespace, server_pod, server_cluster, client_cluster, client_outside, server_port, l4_protocol, front ' +
    'LIMIT {usageLimit:UInt32}';
  const values = { ...filter.params, ...params, usageLimit: config.maxServices + 1 };
  const found: Usage[] = [];
  for await (const row of store.query(sql, values, signal && { signal })) found.push(usageOf(row));
  if (found.length > config.maxServices)
    throw new ParallaxError(
      'store/limit',
      `there are more than ${config.maxServices} servers and clients of them; narrow them by time or filters, or raise api.connections.maxServices`,
    );
  return found;
}

function usageOf(row: readonly unknown[]): Usage {
  const text = (at: number) => String(row[at]);
  const names = KEYS.length;
  const counts = names + NAMES.length;
  return {
    namespace: text(0),
    pod: text(1),
    cluster: text(2),
    clientCluster: text(3),
    outside: Number(row[4]) === 1,
    port: Number(row[5]),
    protocol: Number(row[6]),
    named: {
      service: text(names),
      host: text(names + 1),
      names: text(names + 2),
      workloads: text(names + 3),
      labels: text(names + 4),
    },
    counts: Object.fromEntries(
      COUNTED.map((name, index) => [name, Number(row[counts + index])]),
    ) as UsageCounts,
  };
}
