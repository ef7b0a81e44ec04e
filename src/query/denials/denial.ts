// One denial as the API tells it, and how it is read from the table `denials`.

import { enumName, POLICY_MATCHES } from '../../hubble/names.ts';
import { DropReason, TrafficDirection, Verdict } from '../../hubble/proto/schema.gen.ts';
import {
  endOf,
  type IncidentEnd,
  type IncidentHow,
  type IncidentPolicy,
  incidentHow,
  incidentId,
  incidentPolicies,
} from '../../incident/incident.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import { momentText } from '../connections/text.ts';

export interface DenialEnd extends IncidentEnd {
  readonly pod: string;
  readonly identity: number;
  /** Identity labels. */
  readonly labels: readonly string[];
  readonly ip: string;
  readonly port: number;
}

/** What one node denied of one conversation within one batch. */
export interface Denial {
  /** Of the first of its flows. */
  readonly uuid: string;
  /** 16 hex digits. */
  readonly incident: string;
  /** First and last of its flows, RFC 3339. */
  readonly time: string;
  readonly last: string;
  readonly cluster: string;
  readonly node: string;
  readonly verdict: string;
  readonly direction: string;
  readonly reason: string;
  readonly code: number;
  readonly how: IncidentHow;
  readonly policies: readonly IncidentPolicy[];
  /** What its policy verdict matched on; '' where there was none. */
  readonly match: string;
  readonly protocol: string;
  readonly icmpType?: number;
  readonly source: DenialEnd;
  readonly destination: DenialEnd & {
    /** DNS names. */
    readonly names: readonly string[];
    /** `namespace/name`. */
    readonly service: string;
  };
  /** The request that a proxy refused. */
  readonly http?: { readonly method: string; readonly url: string };
  readonly dns?: { readonly query: string };
  /** Drop events, and policy verdicts or refusals of a proxy. */
  readonly drops: number;
  readonly verdicts: number;
  /** How often it was denied: a drop and its policy verdict are one. */
  readonly count: number;
}

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

/** What `denialOf` reads, in its order. */
export const DENIAL_SELECT = [
  'toUnixTimestamp64Nano(time)',
  'toUnixTimestamp64Nano(last)',
  ...COLUMNS,
].join(', ');
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
    time: momentText(BigInt(String(row[0]))),
    last: momentText(BigInt(String(row[1]))),
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
