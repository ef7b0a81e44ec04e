// Facts of incidents, read from the table `incidents`: the traffic they are about, when they were seen, how often.
import { floorDiv } from '../../hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../incident/incident.ts';
import { HOUR_NS } from '../../runtime/time.ts';
import { bigint, number, type Row, rows, text } from '../../store/rows.ts';
import type { INCIDENT_MEMBERS } from '../../store/schema/denial-columns.ts';
import { column, join, param, sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';

export type KnownFacts = Omit<IncidentFacts, 'drops' | 'verdicts'>;
type Traffic = Omit<KnownFacts, 'incident' | 'firstSeen' | 'lastSeen'>;

/** An incident and the time its denials are counted from, nanoseconds since 1970. */
export interface Since {
  readonly incident: bigint;
  readonly since: bigint;
}

/** Incidents in one statement that names them three times: ClickHouse parses at most 256 KiB of a statement. */
export const CHUNK = 1000;
/** Later than any value of an Int32 column of hours or slots. */
export const NEVER = param(2 ** 31 - 1, 'Int32');

/** The columns that incidents share when they differ in their policies only. */
const TRAFFIC = {
  cluster: text,
  verdict: number,
  traffic_direction: number,
  drop_reason_desc: number,
  l4_protocol: number,
  destination_port: number,
  source_cluster: text,
  source_namespace: text,
  source_workload: text,
  source_peer: text,
  destination_cluster: text,
  destination_namespace: text,
  destination_workload: text,
  destination_peer: text,
} satisfies Record<Exclude<(typeof INCIDENT_MEMBERS)[number], 'policies'>, unknown>;
const FACTS = { incident: bigint, firstSeen: bigint, lastSeen: bigint, policies: text, ...TRAFFIC };

const COMMA = sql`, `;
const TRAFFIC_COLUMNS = Object.keys(TRAFFIC).map(column);
const SELECT = sql`SELECT incident, toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)),
  any(policies), ${join(
    TRAFFIC_COLUMNS.map((name) => sql`any(${name})`),
    COMMA,
  )}`;

/** Facts by incident, first and last seen over all stored data; incidents without stored rows are left out. */
export async function readFacts(
  store: Reader,
  ids: readonly bigint[],
  options?: QueryOptions,
): Promise<Map<bigint, KnownFacts>> {
  const found = new Map<bigint, KnownFacts>();
  if (ids.length === 0) return found;
  const statement = sql`${SELECT} FROM ${table('incidents')}
    WHERE incident IN ${param(ids, 'Array(UInt64)')} GROUP BY incident`;
  for await (const row of rows(store, statement, FACTS, options))
    found.set(row.incident, factsOf(row));
  return found;
}

/** The same facts with the denials of each incident since the beginning of the hour of `since`. */
export async function readCountedFacts(
  store: Reader,
  asked: readonly Since[],
  options?: QueryOptions,
): Promise<Map<bigint, IncidentFacts>> {
  const found = new Map<bigint, IncidentFacts>();
  for (const part of chunks(asked)) {
    const ids = idsParam(part);
    const hours = param(
      part.map(({ since }) => floorDiv(since, HOUR_NS)),
      'Array(Int32)',
    );
    const statement = sql`${SELECT}, sumIf(drops, counted), sumIf(verdicts, counted) FROM (
      SELECT *, hour >= transform(incident, ${ids}, ${hours}, ${NEVER}) AS counted
      FROM ${table('incidents')} WHERE incident IN ${ids}) GROUP BY incident`;
    const shape = { ...FACTS, drops: number, verdicts: number };
    for await (const row of rows(store, statement, shape, options))
      found.set(row.incident, { ...factsOf(row), drops: row.drops, verdicts: row.verdicts });
  }
  return found;
}

export function idsParam(asked: readonly Since[]) {
  const ids = asked.map(({ incident }) => incident);
  return param(ids, 'Array(UInt64)');
}

export function* chunks<T>(all: readonly T[], size = CHUNK): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

function factsOf(row: Row<typeof FACTS>): KnownFacts {
  return {
    incident: row.incident,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
    cluster: row.cluster,
    verdict: row.verdict,
    direction: row.traffic_direction,
    code: row.drop_reason_desc,
    policies: row.policies,
    protocol: row.l4_protocol,
    port: row.destination_port,
    source: {
      cluster: row.source_cluster,
      namespace: row.source_namespace,
      workload: row.source_workload,
      peer: row.source_peer,
    },
    destination: {
      cluster: row.destination_cluster,
      namespace: row.destination_namespace,
      workload: row.destination_workload,
      peer: row.destination_peer,
    },
  };
}

/** Equal for incidents that differ in their policies only: the values of TRAFFIC_KEY. */
export function trafficKey(traffic: Traffic): string {
  const { cluster, verdict, direction, code, protocol, port, source, destination } = traffic;
  const end = (each: Traffic['source']) => [
    ...[each.cluster, each.namespace],
    ...[each.workload, each.peer],
  ];
  const own = [cluster, verdict, direction, code, protocol, port];
  return [...own, ...end(source), ...end(destination)].join('\n');
}

/** The same text of a row of `incidents`. */
export const TRAFFIC_KEY = sql`arrayStringConcat([${join(
  TRAFFIC_COLUMNS.map((name) => sql`toString(${name})`),
  COMMA,
)}], '\n')`;
