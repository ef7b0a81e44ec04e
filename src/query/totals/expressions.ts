// What totals are counted by and `flows` has no column for, as SQL over `flows`: who called, the port that was called,
// and what an end without a workload is called. `flow_totals` has columns of them, made by the writer: both must agree.
import { SOURCE_CALLS_SQL } from '../../hubble/caller.ts';
import { policyKind } from '../../hubble/denial.ts';
import { DropReason, FlowType, Verdict } from '../../hubble/schema.gen.ts';

type End = 'source' | 'destination';

const { DROPPED, AUDIT } = Verdict.numbers;
const { L7 } = FlowType.numbers;

/**
 * 1 where the flow's source is the client; by this name in a statement that begins with `withForth`, so that the engine
 * works it out once however often it is asked for.
 */
export const CLIENT_IS_SOURCE = 'forth';

/** Port of the end that was called. */
export const SERVER_PORT = `if(${CLIENT_IS_SOURCE} = 1, destination_port, source_port)`;

/** A SELECT over `flows` whose expressions may name `forth`. */
export function withForth(select: string): string {
  const named = new RegExp(`\\b${CLIENT_IS_SOURCE}\\b`).test(select);
  return named ? `WITH toUInt8(${SOURCE_CALLS_SQL}) AS ${CLIENT_IS_SOURCE} ${select}` : select;
}

/** Networks by their length, the longest first; one of length 0 is everything, and says nothing. */
const narrowest = (labels: string) =>
  `arrayReverseSort(l -> toUInt8OrZero(extract(l, '[0-9]+$')), extractAll(${labels}, '(?m)^(cidr:[^\\n]*/[1-9][0-9]*)$'))[1]`;

/** The name of an end without a workload: DNS name, the narrowest network, reserved label, pod. */
function named(end: End, withWorkload: string): string {
  const labels = `${end}_labels`;
  return `multiIf(
    ${end}_workload != '', ${withWorkload},
    ${end}_names != '', extract(${end}_names, '^[^\\n]+'),
    match(${labels}, '(?m)^cidr:[^\\n]*/[1-9][0-9]*$'), ${narrowest(labels)},
    match(${labels}, '(?m)^reserved:'), extract(${labels}, '(?m)^(reserved:[^\\n]*)'),
    toString(${end}_pod_name))`;
}

/** As `*_peer` of `flow_totals`: '' where there is a workload, or nothing is known. */
export const PEER: Readonly<Record<End, string>> = {
  source: named('source', "''"),
  destination: named('destination', "''"),
};

/** Workload, else what `PEER` has. */
export const BEST_NAME: Readonly<Record<End, string>> = {
  source: named('source', 'toString(source_workload)'),
  destination: named('destination', 'toString(destination_workload)'),
};

const POLICY_REASONS = Object.values(DropReason.numbers).filter(
  (reason) => policyKind(reason) !== undefined,
);

/**
 * What a policy denied, by columns of both tables: a request that a proxy refused is one by the flow's type alone.
 * Beside it, and in the same words, what was dropped and what audit mode let pass.
 */
export const DENIED = `verdict = ${DROPPED} AND (drop_reason_desc IN (${POLICY_REASONS.join(', ')}) OR (drop_reason_desc = 0 AND type = ${L7}))`;
export const DROPPED_FLOW = `verdict = ${DROPPED}`;
export const AUDITED = `verdict = ${AUDIT}`;
