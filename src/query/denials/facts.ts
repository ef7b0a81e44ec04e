// What incidents are about, and when they were seen first and last of all that is kept.
import type { IncidentFacts } from '../../incident/incident.ts';
import type { Reader } from '../../store/store.ts';
import { TRAFFIC_COLUMNS, TRAFFIC_WIDTH, trafficAt } from './incident-traffic.ts';

export type KnownFacts = Omit<IncidentFacts, 'drops' | 'verdicts'>;

/** By number. Incidents of which nothing is kept are left out. */
export async function readFacts(
  store: Reader,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<Map<bigint, KnownFacts>> {
  const found = new Map<bigint, KnownFacts>();
  if (ids.length === 0) return found;
  const sql =
    `SELECT incident, ${TRAFFIC_COLUMNS}, ` +
    'toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)) ' +
    'FROM incidents WHERE incident IN {ids:Array(UInt64)} GROUP BY incident';
  for await (const row of store.query(sql, { ids }, signal && { signal })) {
    const facts = factsOf(row);
    found.set(facts.incident, facts);
  }
  return found;
}

function factsOf(row: readonly unknown[]): KnownFacts {
  return {
    incident: BigInt(String(row[0])),
    ...trafficAt(row, 1),
    firstSeen: BigInt(String(row[1 + TRAFFIC_WIDTH])),
    lastSeen: BigInt(String(row[2 + TRAFFIC_WIDTH])),
  };
}
