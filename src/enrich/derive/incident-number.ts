// The number of an incident: a hash of what is denied, the same wherever and whenever it is seen.
import { createHash } from 'node:crypto';
import { INCIDENT_MEMBERS } from '../../store/schema/denial-columns.ts';

/** Numbers as numbers, texts as texts. */
export type IncidentMembers = Readonly<Record<(typeof INCIDENT_MEMBERS)[number], number | string>>;

export function incidentNumber(members: IncidentMembers): bigint {
  const json = JSON.stringify(INCIDENT_MEMBERS.map((name) => members[name]));
  return createHash('sha256').update(json).digest().readBigUInt64BE();
}
