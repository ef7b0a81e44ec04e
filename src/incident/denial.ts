// Definition of a denial: a flow that a policy stopped, or would have stopped in audit mode. Over numbers and as SQL
// over columns of `flows`.
import { EVENT_TYPES } from '../hubble/names.ts';
import { DropReason, FlowType, Verdict } from '../hubble/proto/schema.gen.ts';

const { DROPPED, AUDIT } = Verdict.numbers;
const REASON = DropReason.numbers;
const L7 = EVENT_TYPES.l7;

/** Why the datapath refused it, where that is a policy. */
export type PolicyKind =
  /** No rule allows it. */
  | 'default-deny'
  /** A rule denies it. */
  | 'deny-rule'
  /** It needs mutual authentication that was not there. */
  | 'authentication'
  /** A service of type LoadBalancer that does not admit the source's address. */
  | 'source-range'
  /** It must be encrypted and was not. */
  | 'encryption';

const POLICY_REASONS: ReadonlyMap<number, PolicyKind> = new Map([
  [REASON.POLICY_DENIED, 'default-deny'],
  [REASON.POLICY_DENY, 'deny-rule'],
  [REASON.AUTH_REQUIRED, 'authentication'],
  [REASON.DENIED_BY_LB_SRC_RANGE_CHECK, 'source-range'],
  [REASON.UNENCRYPTED_TRAFFIC, 'encryption'],
]);

/** Undefined where a drop of that reason is no policy's. */
export function policyKind(reason: number): PolicyKind | undefined {
  return POLICY_REASONS.get(reason);
}

/** By drop reason below 256: 1 where it is a policy's. Read once for each dropped flow. */
const IS_POLICY = new Uint8Array(256);
for (const reason of POLICY_REASONS.keys()) IS_POLICY[reason] = 1;

/** Whether a policy stopped it: in the datapath, or a request in the proxy, which gives no reason. */
export function isDenied(
  verdict: number,
  reason: number,
  flowType: number,
  eventType: number,
): boolean {
  if (verdict !== DROPPED) return false;
  if (reason === 0) return flowType === FlowType.numbers.L7 || eventType === L7;
  return IS_POLICY[reason] === 1;
}

/** The same, or it passed in audit mode only. */
export function isDenial(
  verdict: number,
  reason: number,
  flowType: number,
  eventType: number,
): boolean {
  return verdict === AUDIT || isDenied(verdict, reason, flowType, eventType);
}

const REASONS = [...POLICY_REASONS.keys()].join(', ');

/** `isDenied` of a row of `flows`. */
export const DENIED_SQL =
  `(verdict = ${DROPPED} AND (drop_reason_desc IN (${REASONS})` +
  ` OR (drop_reason_desc = 0 AND (type = ${FlowType.numbers.L7} OR event_type = ${L7}))))`;

/** `isDenial` of a row of `flows`. */
export const DENIAL_SQL = `(verdict = ${AUDIT} OR ${DENIED_SQL})`;
