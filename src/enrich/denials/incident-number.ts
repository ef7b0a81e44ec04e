// The number of an incident: a hash of what is denied, the same wherever and whenever it is seen.
import { createHash } from 'node:crypto';

/** What an incident is; the order of the members is the order they are hashed in. */
export const INCIDENT_MEMBERS = [
  'cluster',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'policies',
  'l4_protocol',
  'destination_port',
  'source_cluster',
  'source_namespace',
  'source_workload',
  'source_peer',
  'destination_cluster',
  'destination_namespace',
  'destination_workload',
  'destination_peer',
] as const;

/** Numbers as numbers, texts as texts. */
export type IncidentFacts = Readonly<Record<(typeof INCIDENT_MEMBERS)[number], number | string>>;

export function incidentNumber(facts: IncidentFacts): bigint {
  const json = JSON.stringify(INCIDENT_MEMBERS.map((name) => facts[name]));
  return createHash('sha256').update(json).digest().readBigUInt64BE();
}
