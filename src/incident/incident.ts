// Incident: denials of the same traffic by the same policies for the same reason. The document of API and alerts,
// and how it is made from rows of `incidents` and `denials`.
import { enumName } from '../hubble/names.ts';
import { DropReason, TrafficDirection, Verdict } from '../hubble/proto/schema.gen.ts';
import { timeText } from '../hubble/proto/timestamp.ts';
import { MINUTE_NS } from '../runtime/time.ts';

export type IncidentHow =
  /** Policies are named that deny it. */
  | 'denied-by-policy'
  /** A rule denies it, and no flow names the policy. */
  | 'denied-by-unnamed-policy'
  /** Policies select the end, and no rule allows it. */
  | 'default-deny'
  /** It needs mutual authentication that was not there. */
  | 'authentication-required'
  /** A proxy refused requests: a layer 7 rule. */
  | 'denied-by-proxy'
  /** The service takes no such source addresses (loadBalancerSourceRanges). */
  | 'denied-by-source-range'
  /** Strict encryption is required, and the packet was not encrypted. */
  | 'encryption-required'
  /** It passed in audit mode only. */
  | 'audit'
  /** For a reason that newer Hubble versions know. */
  | 'denied';

/** `stale`: quiet, but nobody looked for long enough to say that it is over. */
export type IncidentState = 'open' | 'resolved' | 'stale';

export interface IncidentPolicy {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface IncidentEnd {
  /** Key of the cluster; '' when no flow says. */
  readonly cluster: string;
  readonly namespace: string;
  /** `namespace/Kind/name`, '' without one. */
  readonly workload: string;
  /** Name of an end without a workload: DNS name, `cidr:` or `reserved:` label, pod. */
  readonly peer: string;
  /** As people write it: `namespace/name`, without the cluster. */
  readonly text: string;
}

export interface Incident {
  /** 16 hex digits: a hash of what is denied, so the same next week. */
  readonly id: string;
  /** The whole of it in a line. */
  readonly text: string;
  /** Key of the cluster that denies it. */
  readonly cluster: string;
  readonly verdict: 'DROPPED' | 'AUDIT';
  /** INGRESS: denied at the destination. EGRESS: denied at the source. */
  readonly direction: string;
  /** Drop reason in Hubble's word, and its number; 0 where a proxy refused it. */
  readonly reason: string;
  readonly code: number;
  readonly how: IncidentHow;
  /** Policies that deny it, where flows name them. */
  readonly policies: readonly IncidentPolicy[];
  readonly source: IncidentEnd;
  readonly destination: IncidentEnd;
  /** `TCP`, `UDP`, `ICMPv4`, …; '' when no flow says. */
  readonly protocol: string;
  /** Port it went to; 0 without one. */
  readonly port: number;
  /** Of all that is kept, RFC 3339. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Denials in the window; a drop and its policy verdict are one. */
  readonly count: number;
  /** The same a minute. */
  readonly rate: number;
  readonly state: IncidentState;
  /** First seen within the window, or since the given time. */
  readonly new: boolean;
  /** It was seen before. */
  readonly known: boolean;
}

/** Stored fields of an incident: numbers as in the columns, times in nanoseconds since 1970. */
export interface IncidentFacts {
  readonly incident: bigint;
  readonly cluster: string;
  readonly verdict: number;
  readonly direction: number;
  readonly code: number;
  /** A line `Kind namespace/name` each. */
  readonly policies: string;
  readonly protocol: number;
  readonly port: number;
  readonly source: Omit<IncidentEnd, 'text'>;
  readonly destination: Omit<IncidentEnd, 'text'>;
  readonly firstSeen: bigint;
  readonly lastSeen: bigint;
  /** In the window. */
  readonly drops: number;
  readonly verdicts: number;
}

export interface IncidentMoment {
  readonly now: bigint;
  /** Silence after which it is over. */
  readonly quiet: bigint;
  /** How long the denying cluster was collected since the incident was last seen. */
  readonly watched: bigint;
  /** Incidents first seen from here on are new. */
  readonly newSince: bigint;
  /** Length of the window that was counted. */
  readonly window: bigint;
}

const { POLICY_DENIED, POLICY_DENY, AUTH_REQUIRED } = DropReason.numbers;
const { DENIED_BY_LB_SRC_RANGE_CHECK, UNENCRYPTED_TRAFFIC } = DropReason.numbers;
/** Numbers of `l4_protocol`, as the column has them. */
const PROTOCOLS = ['', 'TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'] as const;

export function incidentOf(facts: IncidentFacts, at: IncidentMoment): Incident {
  const { cluster, code, port, firstSeen, lastSeen } = facts;
  const policies = incidentPolicies(facts.policies);
  const count = Math.max(facts.drops, facts.verdicts);
  const fresh = firstSeen >= at.newSince;
  const fields = {
    cluster,
    verdict: facts.verdict === Verdict.numbers.AUDIT ? ('AUDIT' as const) : ('DROPPED' as const),
    direction: enumName(TrafficDirection, facts.direction),
    reason: code === 0 ? '' : enumName(DropReason, code),
    code,
    how: incidentHow(facts),
    policies,
    source: endOf(facts.source),
    destination: endOf(facts.destination),
    protocol: PROTOCOLS[facts.protocol] ?? String(facts.protocol),
    port,
  };
  return {
    id: incidentId(facts.incident),
    text: incidentText(fields),
    ...fields,
    firstSeen: timeText(firstSeen),
    lastSeen: timeText(lastSeen),
    count,
    rate: rateOf(count, at.window),
    state: incidentState(lastSeen, at),
    new: fresh,
    known: !fresh,
  };
}

/** Times in nanoseconds since 1970. A cluster that nobody watched resolves nothing. */
export function incidentState(
  lastSeen: bigint,
  { now, quiet, watched }: Pick<IncidentMoment, 'now' | 'quiet' | 'watched'>,
): IncidentState {
  if (now - lastSeen <= quiet) return 'open';
  return watched >= quiet ? 'resolved' : 'stale';
}

export function incidentHow({
  verdict,
  code,
  policies,
}: Pick<IncidentFacts, 'verdict' | 'code' | 'policies'>): IncidentHow {
  if (verdict === Verdict.numbers.AUDIT) return 'audit';
  switch (code) {
    case AUTH_REQUIRED:
      return 'authentication-required';
    case DENIED_BY_LB_SRC_RANGE_CHECK:
      return 'denied-by-source-range';
    case UNENCRYPTED_TRAFFIC:
      return 'encryption-required';
    case 0:
      return 'denied-by-proxy';
    case POLICY_DENIED:
      return policies === '' ? 'default-deny' : 'denied-by-policy';
    case POLICY_DENY:
      return policies === '' ? 'denied-by-unnamed-policy' : 'denied-by-policy';
    default:
      return policies === '' ? 'denied' : 'denied-by-policy';
  }
}

/**
 * A drop that a deny rule made, whose policy verdict came in another batch or never, does not name the policy: it may be
 * of an incident that does.
 */
export function isLeftover({
  code,
  verdicts,
  namesPolicy,
}: Pick<IncidentFacts, 'code' | 'verdicts'> & { readonly namesPolicy: boolean }): boolean {
  return code === POLICY_DENY && !namesPolicy && verdicts === 0;
}

/** `liz-cm-gke-5 farfaraway/xwing → liz-cm-eks-6 farfaraway/rebel-base TCP:80, INGRESS denied …`. */
export function incidentText(
  incident: Pick<
    Incident,
    | 'cluster'
    | 'direction'
    | 'how'
    | 'policies'
    | 'reason'
    | 'source'
    | 'destination'
    | 'protocol'
    | 'port'
  >,
): string {
  const { cluster, direction, source, destination, protocol, port } = incident;
  const to = [protocol, port === 0 ? '' : String(port)].filter(Boolean).join(':');
  const ends = `${endText(source)} → ${endText(destination)}${to === '' ? '' : ` ${to}`}`;
  return `${ends}, ${direction} in ${cluster || 'an unnamed cluster'}: ${whyText(incident)}`;
}

/** How it is denied, in words, with the policies that are named. */
export function whyText({
  how,
  policies,
  reason,
}: Pick<Incident, 'how' | 'policies' | 'reason'>): string {
  const named = policies.map(incidentPolicyText).join(', ');
  switch (how) {
    case 'denied-by-policy':
      return `denied by ${named}`;
    case 'denied-by-unnamed-policy':
      return 'denied by a deny rule, its policy is not named';
    case 'default-deny':
      return 'default deny, no rule allows it';
    case 'authentication-required':
      return `authentication required${named === '' ? '' : ` by ${named}`}`;
    case 'denied-by-proxy':
      return `refused by a proxy${named === '' ? '' : ` for ${named}`}`;
    case 'denied-by-source-range':
      return 'source address not among those the service takes';
    case 'encryption-required':
      return 'came unencrypted where encryption is required';
    case 'audit':
      return `audit mode, would be denied${named === '' ? '' : ` by ${named}`}`;
    case 'denied':
      return `denied, ${reason}`;
    default:
      return how satisfies never;
  }
}

/** `cluster namespace/name`; what is not known is left out. */
export function endText({ cluster, text }: Pick<IncidentEnd, 'cluster' | 'text'>): string {
  return [cluster, text].filter(Boolean).join(' ');
}

export function incidentPolicyText({ kind, namespace, name }: IncidentPolicy): string {
  return `${kind === '' ? '' : `${kind} `}${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** Lines `Kind namespace/name`, as the column `policies` has them. */
export function incidentPolicies(lines: string): IncidentPolicy[] {
  if (lines === '') return [];
  return lines.split('\n').map((line) => {
    const space = line.indexOf(' ');
    const path = line.slice(space + 1);
    const slash = path.indexOf('/');
    return {
      kind: space < 0 ? '' : line.slice(0, space),
      namespace: slash < 0 ? '' : path.slice(0, slash),
      name: path.slice(slash + 1),
    };
  });
}

/** The number of an incident as the API writes it. */
export function incidentId(incident: bigint): string {
  return incident.toString(16).padStart(16, '0');
}

/** Undefined when the text is no incident's id. */
export function incidentNumber(id: string): bigint | undefined {
  return /^[0-9a-f]{16}$/i.test(id) ? BigInt(`0x${id}`) : undefined;
}

/** Display name of an end: its workload, else its peer name, else its namespace. */
export function endOf(end: Omit<IncidentEnd, 'text'>): IncidentEnd {
  return { ...end, text: nameOf(end) };
}

const CIDR = 'cidr:';

function nameOf({ namespace, workload, peer }: Omit<IncidentEnd, 'text'>): string {
  if (workload !== '') {
    const [space = '', , ...name] = workload.split('/');
    return `${space}/${name.join('/')}`;
  }
  if (peer === '') return namespace === '' ? 'unknown' : `${namespace}/?`;
  if (peer.startsWith(CIDR)) return peer.slice(CIDR.length);
  return namespace === '' ? peer : `${namespace}/${peer}`;
}

/** A minute, to three digits. */
function rateOf(count: number, window: bigint): number {
  const minutes = Number(window) / Number(MINUTE_NS);
  return minutes <= 0 ? 0 : Number((count / minutes).toPrecision(3));
}
