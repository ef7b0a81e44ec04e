import { type PolicyKind, policyKind } from '../../incident/denial.ts';
import type { Connection } from '../connections/connection.ts';
import type { PolicyNamed } from '../connections/observation.ts';
import type { Side } from '../connections/orient.ts';
import type { View } from '../connections/view.ts';

export type How =
  /** Policies are named that deny it. */
  | 'denied-by-policy'
  /** A rule denies it, and the flow does not name the policy. */
  | 'denied-by-unnamed-policy'
  /** Policies select the end, and no rule allows it. */
  | 'default-deny'
  /** It needs mutual authentication that was not there. */
  | 'authentication-required'
  /** The service's load balancer does not admit the source's address. */
  | 'outside-source-ranges'
  /** It must be encrypted and was not. */
  | 'unencrypted'
  /** The proxy refused requests. */
  | 'denied-by-proxy'
  /** The datapath dropped it for a reason that is no policy. */
  | 'not-policy'
  /** It passed in audit mode only. */
  | 'audit'
  /** Policies are named that allow it. */
  | 'allowed-by-policy'
  /** Nothing stopped it, and no policy is named. */
  | 'allowed';

export interface Decision {
  readonly side: Side;
  /** INGRESS at the destination, EGRESS at the source. */
  readonly direction: 'INGRESS' | 'EGRESS';
  /** Key of the cluster whose node decided. */
  readonly cluster: string;
  readonly nodes: readonly string[];
  readonly how: How;
  /** Drop reason in Hubble's word, and its number. */
  readonly reason?: string;
  readonly code?: number;
  /** Times that it was dropped; a drop and its policy verdict are one. */
  readonly times?: number;
  readonly policies: readonly PolicyNamed[];
  /** What policy verdicts matched on. */
  readonly matches: readonly string[];
}

/** The decision that stopped it, else the one that let it in, else none. */
export function decisionOf(connection: Connection): Decision | undefined {
  const { source, destination } = connection;
  for (const [side, view] of [
    ['source', source],
    ['destination', destination],
  ] as const)
    if (view?.verdict === 'DROPPED') return dropped(side, view);
  for (const [side, view] of [
    ['destination', destination],
    ['source', source],
  ] as const)
    if (view?.verdict === 'AUDIT')
      return { ...at(side, view), how: 'audit', policies: view.deniedBy };
  const side = destination !== undefined ? 'destination' : 'source';
  const view = destination ?? source;
  if (view === undefined) return undefined;
  const how = view.allowedBy.length > 0 ? 'allowed-by-policy' : 'allowed';
  return { ...at(side, view), how, policies: view.allowedBy };
}

function at(side: Side, { cluster, nodes, matches }: View) {
  return {
    side,
    direction: side === 'source' ? ('EGRESS' as const) : ('INGRESS' as const),
    cluster,
    nodes,
    matches,
  };
}

function dropped(side: Side, view: View): Decision {
  const drop = view.drops.reduce<View['drops'][number] | undefined>(
    (most, each) => (most === undefined || each.count > most.count ? each : most),
    undefined,
  );
  const { reason, code, count } = drop ?? { reason: '', code: 0, count: 0 };
  return {
    ...at(side, view),
    how: howDropped(code, view),
    reason,
    code,
    times: count,
    // Never from *_allowed_by: on a drop it names what allowed another direction or layer.
    policies: view.deniedBy,
  };
}

function howDropped(code: number, { deniedBy, events, drops }: View): How {
  const kind = policyKind(code);
  const byReason = kind && BY_REASON[kind];
  if (byReason !== undefined) return byReason;
  if (kind === undefined) {
    const byProxy = code === 0 && events.l7Request + events.l7Response > 0 && events.drop === 0;
    if (byProxy) return 'denied-by-proxy';
    if (drops.length > 0) return 'not-policy';
  }
  if (deniedBy.length > 0) return 'denied-by-policy';
  return kind === 'deny-rule' ? 'denied-by-unnamed-policy' : 'default-deny';
}

/** Drop reasons that decide it, with or without named policies. */
const BY_REASON: Readonly<Partial<Record<PolicyKind, How>>> = {
  authentication: 'authentication-required',
  'source-range': 'outside-source-ranges',
  encryption: 'unencrypted',
};
