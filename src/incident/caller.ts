// The end of a flow that called, as far as the flow alone shows: over numbers and as SQL over columns of `flows`, by
// the same order of facts as `clientVote` in src/query/connections/orient.ts.
import { EVENT_TYPES } from '../hubble/names.ts';
import { L7FlowType, Verdict } from '../hubble/proto/schema.gen.ts';

/** Number of `l4_protocol`. */
const TCP = 1;
const SYN = 2;
const SYN_ACK = 18;
/** Numbers of `is_reply`. */
const UNKNOWN = 0;
const NO_REPLY = 1;
/** The first port that Linux hands out to clients by default. */
const FIRST_EPHEMERAL = 32_768;
const { DROPPED } = Verdict.numbers;
const POLICY_VERDICT = EVENT_TYPES['policy-verdict'];
const { REQUEST, RESPONSE } = L7FlowType.numbers;

/** Whether the source is the client. */
export function sourceCalls(
  protocol: number,
  tcpFlags: number,
  l7Type: number,
  isReply: number,
  reply: number,
  eventType: number,
  verdict: number,
  sourcePort: number,
  destinationPort: number,
): boolean {
  if (protocol === TCP && (tcpFlags & SYN) !== 0) return (tcpFlags & SYN_ACK) === SYN;
  if (l7Type === REQUEST || l7Type === RESPONSE) return l7Type === REQUEST;
  if (isReply !== UNKNOWN) return isReply === NO_REPLY;
  if (reply === 1) return false;
  if (eventType === POLICY_VERDICT || verdict === DROPPED) return true;
  const ephemeral = sourcePort >= FIRST_EPHEMERAL;
  if (ephemeral !== destinationPort >= FIRST_EPHEMERAL) return ephemeral;
  return sourcePort >= destinationPort;
}

/** `sourceCalls` of a row of `flows`. */
export const SOURCE_CALLS_SQL = `multiIf(
  l4_protocol = ${TCP} AND bitAnd(tcp_flags, ${SYN}) = ${SYN}, bitAnd(tcp_flags, ${SYN_ACK}) = ${SYN},
  l7_type IN (${REQUEST}, ${RESPONSE}), l7_type = ${REQUEST},
  is_reply != ${UNKNOWN}, is_reply = ${NO_REPLY},
  reply = 1, 0,
  event_type = ${POLICY_VERDICT} OR verdict = ${DROPPED}, 1,
  (source_port >= ${FIRST_EPHEMERAL}) != (destination_port >= ${FIRST_EPHEMERAL}), source_port >= ${FIRST_EPHEMERAL},
  source_port >= destination_port)`;
