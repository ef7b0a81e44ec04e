// What incidents are about, and when they were seen first and last of all that is kept.
import type { IncidentFacts } from '../../hubble/incident.ts';
import type { Reader } from '../../store/store.ts';

export type KnownFacts = Omit<IncidentFacts, 'drops' | 'verdicts'>;

const END = ['cluster', 'namespace', 'workload', 'peer'] as const;
/** The same in all rows of an incident. */
const SAME = [
  'cluster',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'policies',
  'l4_protocol',
  'destination_port',
  ...END.map((name) => `source_${name}`),
  ...END.map((name) => `destination_${name}`),
] as const;

/** By number. Incidents of which nothing is kept are left out. */
export async function readFacts(
  store: Reader,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<Map<bigint, KnownFacts>> {
  const found = new Map<bigint, KnownFacts>();
  if (ids.length === 0) return found;
  const sql =
    `SELECT incident, ${SAME.map((name) => `any(${name})`).join(', ')}, ` +
    'toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)) ' +
    'FROM incidents WHERE incident IN {ids:Array(UInt64)} GROUP BY incident';
  for await (const row of store.query(sql, { ids }, signal && { signal })) {
    const facts = factsOf(row);
    found.set(facts.incident, facts);
  }
  return found;
}

function factsOf(row: readonly unknown[]): KnownFacts {
  const text = (name: (typeof SAME)[number]) => String(row[1 + SAME.indexOf(name)]);
  const number = (name: (typeof SAME)[number]) => Number(text(name));
  const end = (side: 'source' | 'destination') => ({
    cluster: text(`${side}_cluster`),
    namespace: text(`${side}_namespace`),
    workload: text(`${side}_workload`),
    peer: text(`${side}_peer`),
  });
  return {
    incident: BigInt(String(row[0])),
    cluster: text('cluster'),
    verdict: number('verdict'),
    direction: number('traffic_direction'),
    code: number('drop_reason_desc'),
    policies: text('policies'),
    protocol: number('l4_protocol'),
    port: number('destination_port'),
    source: end('source'),
    destination: end('destination'),
    firstSeen: BigInt(String(row[1 + SAME.length])),
    lastSeen: BigInt(String(row[2 + SAME.length])),
  };
}
