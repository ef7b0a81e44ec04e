// What totals are counted by and `flows` has no column for, as SQL over `flows`: who called, the port that was called,
// and what an end without a workload is called. `flow_totals` has columns of them, made by the writer: both must agree.

import { DropReason, FlowType, Verdict } from '../../hubble/proto/schema.gen.ts';
import { SOURCE_CALLS_SQL } from '../../incident/caller.ts';
import { policyKind } from '../../incident/denial.ts';

type End = 'source' | 'destination';

const { DROPPED, AUDIT } = Verdict.numbers;
const { L7 } = FlowType.numbers;

/**
 * Names for what is worked out of a row, each once however often a statement asks for it; the statement is to be handed
 * through `withNames`.
 */
export const CLIENT_IS_SOURCE = 'forth';
export const PEER = { source: 'source_named', destination: 'destination_named' } as const;
export const BEST_NAME = { source: 'source_best', destination: 'destination_best' } as const;

/** Port of the end that was called. */
export const SERVER_PORT = `if(${CLIENT_IS_SOURCE} = 1, destination_port, source_port)`;

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

const NAMES: Readonly<Record<string, string>> = {
  /** 1 where the flow's source is the client. */
  [CLIENT_IS_SOURCE]: `toUInt8(${SOURCE_CALLS_SQL})`,
  /** As `*_peer` of `flow_totals`: '' where there is a workload, or nothing is known. */
  [PEER.source]: named('source', "''"),
  [PEER.destination]: named('destination', "''"),
  /** Workload, else the same. */
  [BEST_NAME.source]: named('source', 'toString(source_workload)'),
  [BEST_NAME.destination]: named('destination', 'toString(destination_workload)'),
};

/** A SELECT over `flows` with what its expressions name. */
export function withNames(select: string): string {
  const words = new Set(select.match(/\w+/g));
  const used = Object.entries(NAMES).filter(([name]) => words.has(name));
  if (used.length === 0) return select;
  return `WITH ${used.map(([name, sql]) => `${sql} AS ${name}`).join(', ')} ${select}`;
}

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
