// What an incident is, out of rows of `incidents`: the same for whoever answers and whoever alerts.
import type { IncidentFacts } from '../../incident/incident.ts';
import { INCIDENT_MEMBERS } from '../../store/schema/denial-columns.ts';

export type IncidentTraffic = Omit<
  IncidentFacts,
  'incident' | 'firstSeen' | 'lastSeen' | 'drops' | 'verdicts'
>;

/** A SELECT list, for rows grouped by incident. */
export const TRAFFIC_COLUMNS = INCIDENT_MEMBERS.map((name) => `any(${name})`).join(', ');
/** How many columns that is. */
export const TRAFFIC_WIDTH = INCIDENT_MEMBERS.length;

/** Reads what TRAFFIC_COLUMNS selected; the first of them is at `at` in the row. */
export function trafficAt(row: readonly unknown[], at: number): IncidentTraffic {
  const text = (name: (typeof INCIDENT_MEMBERS)[number]) =>
    String(row[at + INCIDENT_MEMBERS.indexOf(name)]);
  const number = (name: (typeof INCIDENT_MEMBERS)[number]) => Number(text(name));
  const end = (side: 'source' | 'destination') => ({
    cluster: text(`${side}_cluster`),
    namespace: text(`${side}_namespace`),
    workload: text(`${side}_workload`),
    peer: text(`${side}_peer`),
  });
  return {
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

const BUT_POLICIES = INCIDENT_MEMBERS.filter((name) => name !== 'policies');

/** Of a row, a text that incidents have in common which differ in their policies only. */
export const TRAFFIC_TEXT = `arrayStringConcat([${BUT_POLICIES.map((name) => `toString(${name})`).join(', ')}], '\\n')`;

/** The same text, of what was read. */
export function trafficText(traffic: IncidentTraffic): string {
  const { cluster, verdict, direction, code, protocol, port, source, destination } = traffic;
  const end = (each: IncidentTraffic['source']) => [
    each.cluster,
    each.namespace,
    each.workload,
    each.peer,
  ];
  const own = [cluster, verdict, direction, code, protocol, port];
  return [...own, ...end(source), ...end(destination)].join('\n');
}
