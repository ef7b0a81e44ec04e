// Texts of a flow shared by the layouts: hosts, identities, type, verdict, summary.
import { TRACE_POINTS } from '../filter/values.ts';
import { RESERVED_IDENTITIES } from '../identity.ts';
import { enumName, POLICY_MATCHES } from '../names.ts';
import {
  AuthType,
  DebugCapturePoint,
  type Endpoint,
  type Flow,
  L7FlowType,
  type Layer4,
  type LostEvent,
  LostEventSource,
  type Policy,
  type Service,
  SocketTranslationPoint,
  TrafficDirection,
  Verdict,
} from '../proto/schema.gen.ts';
import { dropReasonText } from './drop-reasons.ts';
import { type Colors, joinName } from './text.ts';
import type { TimeFormat } from './time.ts';

export interface CellOptions {
  readonly time: TimeFormat;
  readonly colors: Colors;
  /** Print names instead of addresses where they are known. */
  readonly ipTranslation: boolean;
  readonly policyNames: boolean;
}

type Side = 'source' | 'destination';

const DROP = 1;
const CAPTURE = 3;
const TRACE = 4;
const POLICY_VERDICT = 5;
const TRACE_SOCK = 7;
const SOCK_POINTS: Readonly<Record<number, string>> = {
  1: 'pre-xlate-fwd',
  2: 'post-xlate-fwd',
  3: 'pre-xlate-rev',
  4: 'post-xlate-rev',
};

export function host(flow: Flow, side: Side, { colors, ipTranslation }: CellOptions): string {
  if (flow.IP === undefined) {
    if (flow.ethernet === undefined) return '';
    return colors.host(colors.visible(flow.ethernet[side] ?? ''));
  }
  const address = flow.IP[side] ?? '';
  const name = ipTranslation ? nameOf(flow, side, address) : address;
  const port = portOf(flow.l4, side);
  if (port === 0) return colors.host(colors.visible(name));
  const bracketed = name.includes(':') ? `[${name}]` : name;
  return colors.host(`${colors.visible(bracketed)}:${colors.port(String(port))}`);
}

function nameOf(flow: Flow, side: Side, address: string): string {
  const endpoint: Endpoint | undefined = flow[side];
  const service: Service | undefined = flow[`${side}_service`];
  const names = flow[`${side}_names`] ?? [];
  const pod = endpoint?.pod_name ?? '';
  // A service's namespace stands in for the pod's too, even when they differ: so does the reference.
  const namespace = (service === undefined ? endpoint?.namespace : service.namespace) ?? '';
  if (pod !== '') return joinName(namespace, pod);
  if (service?.name !== undefined && service.name !== '') return joinName(namespace, service.name);
  return names.length > 0 ? names.join(',') : address;
}

function portOf(l4: Layer4 | undefined, side: Side): number {
  const transport = l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
  return transport?.[`${side}_port`] ?? 0;
}

export function identity(endpoint: Endpoint | undefined, { colors }: CellOptions): string {
  const number = endpoint?.identity ?? 0;
  return colors.identity(`(${RESERVED_IDENTITIES[number] ?? `ID:${number}`})`);
}

/** The TYPE column: L7 message, observation point, drop reason or policy match. */
export function flowType(flow: Flow, { colors }: CellOptions): string {
  if (flow.l7 !== undefined) {
    const { type, dns, http, kafka } = flow.l7;
    const kind = enumName(L7FlowType, type).toLowerCase();
    if (http !== undefined) return `http-${kind}`;
    if (dns !== undefined) return `dns-${kind} ${colors.visible(dns.observation_source ?? '')}`;
    return `${kafka === undefined ? 'l7' : 'kafka'}-${kind}`;
  }
  const sub = (flow.event_type?.sub_type ?? 0) & 0xff;
  switch (flow.event_type?.type) {
    case DROP:
      return dropReasonText(sub);
    case CAPTURE:
      return enumName(DebugCapturePoint, flow.debug_capture_point);
    case TRACE:
      return TRACE_POINTS[sub] ?? String(sub);
    case POLICY_VERDICT: {
      const match = POLICY_MATCHES[flow.policy_match_type ?? 0] ?? 'unknown';
      return `policy-verdict:${match} ${enumName(TrafficDirection, flow.traffic_direction)}`;
    }
    case TRACE_SOCK:
      return (
        SOCK_POINTS[flow.sock_xlate_point ?? 0] ??
        enumName(SocketTranslationPoint, flow.sock_xlate_point)
      );
    default:
      return 'UNKNOWN';
  }
}

export function verdict(flow: Flow, options: CellOptions): string {
  const { colors } = options;
  const number = flow.verdict ?? 0;
  const text =
    flow.event_type?.type === POLICY_VERDICT
      ? policyVerdict(flow, number, options)
      : enumName(Verdict, number);
  switch (number) {
    case Verdict.numbers.FORWARDED:
    case Verdict.numbers.REDIRECTED:
      return colors.good(text);
    case Verdict.numbers.DROPPED:
    case Verdict.numbers.ERROR:
      return colors.bad(text);
    case Verdict.numbers.AUDIT:
    case Verdict.numbers.TRACED:
    case Verdict.numbers.TRANSLATED:
      return colors.neutral(text);
    default:
      return text;
  }
}

function policyVerdict(flow: Flow, number: number, options: CellOptions): string {
  const by = (policies: string) =>
    options.policyNames && policies !== '' ? ` BY ${policies}` : '';
  switch (number) {
    case Verdict.numbers.FORWARDED:
    case Verdict.numbers.REDIRECTED:
      return `ALLOWED${by(policiesOf(flow, 'allowed_by', options))}`;
    case Verdict.numbers.DROPPED:
    case Verdict.numbers.ERROR:
      return `DENIED${by(policiesOf(flow, 'denied_by', options))}`;
    case Verdict.numbers.AUDIT:
      return 'AUDITED';
    default:
      return enumName(Verdict, number);
  }
}

function policiesOf(flow: Flow, what: 'allowed_by' | 'denied_by', { colors }: CellOptions): string {
  let policies: readonly Policy[] = [];
  if (flow.traffic_direction === TrafficDirection.numbers.INGRESS)
    policies = flow[`ingress_${what}`] ?? [];
  else if (flow.traffic_direction === TrafficDirection.numbers.EGRESS)
    policies = flow[`egress_${what}`] ?? [];
  return policies
    .filter(({ name = '', kind = '' }) => name !== '' && kind !== '')
    .map(({ name, kind }) => colors.visible(`${name} (${kind})`))
    .join(', ');
}

export function summary(flow: Flow, { colors }: CellOptions): string {
  let text = colors.visible(flow.Summary ?? '');
  const traceId = flow.ip_trace_id?.trace_id ?? 0n;
  if (traceId > 0n) text = `IP Trace ID: ${traceId}; ${text}`;
  const auth = flow.auth_type ?? 0;
  if (auth === AuthType.numbers.DISABLED) return text;
  const paint = auth === AuthType.numbers.TEST_ALWAYS_FAIL ? colors.bad : colors.good;
  return `${text}; Auth: ${paint(enumName(AuthType, auth))}`;
}

/** `CPU(n)`, how many were lost, and between when. */
export function lostParts(
  lost: LostEvent,
  { time }: CellOptions,
): { readonly source: string; readonly cpu: string; readonly count: string } {
  const span =
    lost.first === undefined || lost.last === undefined
      ? ''
      : ` (first: ${time(lost.first)}, last: ${time(lost.last)})`;
  return {
    source: enumName(LostEventSource, lost.source),
    cpu: `CPU(${lost.cpu ?? 0})`,
    count: `${lost.num_events_lost ?? 0n}${span}`,
  };
}
