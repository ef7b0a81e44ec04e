// Denials read from the table `denials`.
import { enumName, POLICY_MATCHES } from '../../hubble/names.ts';
import { DropReason, TrafficDirection, Verdict } from '../../hubble/proto/schema.gen.ts';
import { timeText } from '../../hubble/proto/timestamp.ts';
import { endOf, incidentHow, incidentId, incidentPolicies } from '../../incident/incident.ts';
import { column, join, sql } from '../../store/sql.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Document } from '../request/document.ts';
import type { denialSchema } from './schema.ts';

/** What one node denied of one conversation within one batch. */
export type Denial = Document<typeof denialSchema>;
export type DenialEnd = Denial['source'];

const END = ['cluster', 'namespace', 'workload', 'peer', 'pod_name', 'identity', 'labels'] as const;
const COLUMNS = [
  'uuid',
  'incident',
  'cluster',
  'node_name',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'policies',
  'policy_match_type',
  'l4_protocol',
  'icmp_type',
  ...(['source', 'destination'] as const).flatMap(
    (side) =>
      [...END.map((name) => `${side}_${name}` as const), `ip_${side}`, `${side}_port`] as const,
  ),
  'destination_names',
  'destination_service',
  'http_method',
  'http_url',
  'dns_query',
  'drops',
  'verdicts',
] as const;
type Name = (typeof COLUMNS)[number];

/** The columns of a row for `denialOf`. */
export const DENIAL_SELECT = sql`toUnixTimestamp64Nano(time), toUnixTimestamp64Nano(last), ${join(COLUMNS.map(column), sql`, `)}`;
const BEFORE = 2;
const ICMP = [3, 4];

export function denialOf(row: readonly unknown[]): Denial {
  const text = (name: Name) => String(row[BEFORE + COLUMNS.indexOf(name)]);
  const number = (name: Name) => Number(text(name));
  const [verdict, code, policies] = [
    number('verdict'),
    number('drop_reason_desc'),
    text('policies'),
  ];
  const [method, url, query] = [text('http_method'), text('http_url'), text('dns_query')];
  const protocol = number('l4_protocol');
  const match = number('policy_match_type');
  const [drops, verdicts] = [number('drops'), number('verdicts')];
  return {
    uuid: text('uuid'),
    incident: incidentId(BigInt(text('incident'))),
    time: timeText(BigInt(String(row[0]))),
    last: timeText(BigInt(String(row[1]))),
    cluster: text('cluster'),
    node: text('node_name'),
    verdict: enumName(Verdict, verdict),
    direction: enumName(TrafficDirection, number('traffic_direction')),
    reason: code === 0 ? '' : enumName(DropReason, code),
    code,
    how: incidentHow({ verdict, code, policies }),
    policies: incidentPolicies(policies),
    match: match === 0 ? '' : (POLICY_MATCHES[match] ?? String(match)),
    protocol: PROTOCOLS[protocol] ?? String(protocol),
    ...(ICMP.includes(protocol) && { icmpType: number('icmp_type') }),
    source: sideOf('source', text),
    destination: {
      ...sideOf('destination', text),
      names: linesOf(text('destination_names')),
      service: text('destination_service'),
    },
    ...(method + url !== '' && { http: { method, url } }),
    ...(query !== '' && { dns: { query } }),
    drops,
    verdicts,
    count: Math.max(drops, verdicts),
  };
}

function sideOf(side: 'source' | 'destination', text: (name: Name) => string): DenialEnd {
  const end = endOf({
    cluster: text(`${side}_cluster`),
    namespace: text(`${side}_namespace`),
    workload: text(`${side}_workload`),
    peer: text(`${side}_peer`),
  });
  return {
    ...end,
    pod: text(`${side}_pod_name`),
    identity: Number(text(`${side}_identity`)),
    labels: linesOf(text(`${side}_labels`)),
    ip: text(`ip_${side}`),
    port: Number(text(`${side}_port`)),
  };
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
