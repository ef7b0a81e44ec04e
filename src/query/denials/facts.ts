// Facts of incidents, read from the table `incidents`: the traffic they are about, when they were seen, how often.

import { floorDiv } from '../../hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../incident/incident.ts';
import { HOUR_NS } from '../../runtime/time.ts';
import { INCIDENT_MEMBERS } from '../../store/schema/denial-columns.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';

export type KnownFacts = Omit<IncidentFacts, 'drops' | 'verdicts'>;
type Traffic = Omit<KnownFacts, 'incident' | 'firstSeen' | 'lastSeen'>;
type Member = (typeof INCIDENT_MEMBERS)[number];

/** An incident and the time its denials are counted from, nanoseconds since 1970. */
export interface Since {
  readonly incident: bigint;
  readonly since: bigint;
}

/** Incidents in one statement that names them three times: ClickHouse parses at most 256 KiB of a statement. */
export const CHUNK = 1000;
/** Later than any value of an Int32 column of hours or slots. */
export const NEVER = 2 ** 31 - 1;

const SELECT =
  `SELECT incident, toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)), ` +
  INCIDENT_MEMBERS.map((name) => `any(${name})`).join(', ');
const BEFORE_MEMBERS = 3;

/** Facts by incident, first and last seen over all stored data; incidents without stored rows are left out. */
export async function readFacts(
  store: Reader,
  ids: readonly bigint[],
  options?: QueryOptions,
): Promise<Map<bigint, KnownFacts>> {
  const found = new Map<bigint, KnownFacts>();
  if (ids.length === 0) return found;
  const sql = `${SELECT} FROM incidents WHERE incident IN {ids:Array(UInt64)} GROUP BY incident`;
  for await (const row of store.query(sql, { ids }, options)) {
    const facts = factsOf(row);
    found.set(facts.incident, facts);
  }
  return found;
}

/** The same facts with the denials of each incident since the beginning of the hour of `since`. */
export async function readCountedFacts(
  store: Reader,
  asked: readonly Since[],
  options?: QueryOptions,
): Promise<Map<bigint, IncidentFacts>> {
  const found = new Map<bigint, IncidentFacts>();
  const sql =
    `${SELECT}, sumIf(drops, counted), sumIf(verdicts, counted) FROM (` +
    `SELECT *, hour >= transform(incident, {ids:Array(UInt64)}, {hours:Array(Int32)}, toInt32(${NEVER})) AS counted ` +
    'FROM incidents WHERE incident IN {ids:Array(UInt64)}) GROUP BY incident';
  for (const part of chunks(asked)) {
    const ids = part.map(({ incident }) => incident);
    const hours = part.map(({ since }) => Number(floorDiv(since, HOUR_NS)));
    for await (const row of store.query(sql, { ids, hours }, options)) {
      const [drops, verdicts] = row.slice(-2).map(Number);
      const facts = factsOf(row);
      found.set(facts.incident, { ...facts, drops: drops ?? 0, verdicts: verdicts ?? 0 });
    }
  }
  return found;
}

export function* chunks<T>(all: readonly T[], size = CHUNK): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

function factsOf(row: readonly unknown[]): KnownFacts {
  const text = (name: Member) => String(row[BEFORE_MEMBERS + INCIDENT_MEMBERS.indexOf(name)]);
  const number = (name: Member) => Number(text(name));
  const end = (side: 'source' | 'destination') => ({
    cluster: text(`${side}_cluster`),
    namespace: text(`${side}_namespace`),
    workload: text(`${side}_workload`),
    peer: text(`${side}_peer`),
  });
  const [incident = 0n, firstSeen = 0n, lastSeen = 0n] = row
    .slice(0, BEFORE_MEMBERS)
    .map((cell) => BigInt(String(cell)));
  return {
    incident,
    firstSeen,
    lastSeen,
    cluster: text('cluster'),
    verdict: number('verdict'),
    direction: number('traffic_direction'),
    code: number('drop_reason_desc'),
    policies: text('policies'),
    protocol: number('l4_protocol'),
    port: number('destination_port'),
    source: end('source'),
    destination: end('destination'),
  };
}

/** The columns that incidents share when they differ in their policies only, with their values. */
export function trafficColumns(
  traffic: Traffic,
): Record<Exclude<Member, 'policies'>, string | number> {
  const { cluster, verdict, direction, code, protocol, port, source, destination } = traffic;
  return {
    cluster,
    verdict,
    traffic_direction: direction,
    drop_reason_desc: code,
    l4_protocol: protocol,
    destination_port: port,
    source_cluster: source.cluster,
    source_namespace: source.namespace,
    source_workload: source.workload,
    source_peer: source.peer,
    destination_cluster: destination.cluster,
    destination_namespace: destination.namespace,
    destination_workload: destination.workload,
    destination_peer: destination.peer,
  };
}

/** The values of `trafficColumns` as one text: equal for incidents that differ in their policies only. */
export function trafficText(traffic: Traffic): string {
  return Object.values(trafficColumns(traffic)).join('\n');
}

/** The same text as an expression over a row of `incidents`. */
export const TRAFFIC_TEXT = `arrayStringConcat([${INCIDENT_MEMBERS.filter(
  (name) => name !== 'policies',
)
  .map((name) => `toString(${name})`)
  .join(', ')}], '\\n')`;
