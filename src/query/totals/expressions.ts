// What totals are counted by and `flows` has no column for, as SQL over `flows`: who called, the port that was called,
// and what an end without a workload is called. `flow_totals` has columns of them, made by the writer: both must agree.
import { DropReason, Verdict } from '../../hubble/schema.gen.ts';
import { column } from '../sql/columns.ts';

type End = 'source' | 'destination';

const { DROPPED, AUDIT } = Verdict.numbers;
const SYN = `bitAnd(${column('tcp_flags')}, 2) = 2`;
const SYN_ONLY = `bitAnd(${column('tcp_flags')}, 18) = 2`;

/** 1 where the flow's source is the client: the same order of facts as `clientVote` of connections. */
export const CLIENT_IS_SOURCE = `toUInt8(multiIf(
  l4_protocol = 1 AND ${SYN}, ${SYN_ONLY},
  l7_type IN (1, 2), l7_type = 1,
  is_reply != 0, is_reply = 1,
  reply = 1, 0,
  event_type = 5 OR verdict = ${DROPPED}, 1,
  (source_port >= 32768) != (destination_port >= 32768), source_port >= 32768,
  source_port >= destination_port))`;

/** Port of the end that was called. */
export const SERVER_PORT = `if(${CLIENT_IS_SOURCE} = 1, destination_port, source_port)`;

const first = (list: string) => `extract(${list}, '^[^\\\\n]+')`;
const firstLabel = (labels: string, prefix: string) =>
  `extract(${labels}, '(?:^|\\\\n)(${prefix}[^\\\\n]*)')`;

/** The name of an end: DNS name, the narrowest network, reserved label, pod; '' when nothing is known. */
function peer(end: End): string {
  const labels = `${end}_labels`;
  const length = (label: string) => `toUInt8OrZero(extract(${label}, '/([0-9]+)$'))`;
  const networks = `arrayFilter(l -> startsWith(l, 'cidr:') AND ${length('l')} > 0, splitByChar('\\n', ${labels}))`;
  const narrowest = `arrayFirst(l -> ${length('l')} = arrayMax(arrayMap(m -> ${length('m')}, ${networks})), ${networks})`;
  return `multiIf(
    ${end}_names != '', ${first(`${end}_names`)},
    match(${labels}, '(?:^|\\\\n)cidr:[^\\\\n]*/[1-9]'), ${narrowest},
    match(${labels}, '(?:^|\\\\n)reserved:'), ${firstLabel(labels, 'reserved:')},
    toString(${end}_pod_name))`;
}

/** As `*_peer` of `flow_totals`: '' where there is a workload. */
export const PEER: Readonly<Record<End, string>> = {
  source: `if(source_workload != '', '', ${peer('source')})`,
  destination: `if(destination_workload != '', '', ${peer('destination')})`,
};

/** Reasons of drops that a policy decided. */
export const POLICY_REASONS: readonly number[] = [
  DropReason.numbers.POLICY_DENIED,
  DropReason.numbers.POLICY_DENY,
  DropReason.numbers.AUTH_REQUIRED,
  DropReason.numbers.DENIED_BY_LB_SRC_RANGE_CHECK,
  DropReason.numbers.UNENCRYPTED_TRAFFIC,
];

/** What columns of both tables say of a flow. */
export const DENIED = `verdict = ${DROPPED} AND (drop_reason_desc IN (${POLICY_REASONS.join(', ')}) OR (drop_reason_desc = 0 AND type = 2))`;
export const DROPPED_FLOW = `verdict = ${DROPPED}`;
export const AUDITED = `verdict = ${AUDIT}`;
