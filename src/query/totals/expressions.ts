// What totals are counted by and `flows` has no column for, as SQL over `flows`: who called, the port that was called,
// and what an end without a workload is called. `flow_totals` has columns of them, made by the writer: both must agree.
import { SOURCE_CALLS_SQL } from '../../hubble/caller.ts';
import { policyKind } from '../../hubble/denial.ts';
import { DropReason, FlowType, Verdict } from '../../hubble/schema.gen.ts';

type End = 'source' | 'destination';

const { DROPPED, AUDIT } = Verdict.numbers;
const { L7 } = FlowType.numbers;

/** 1 where the flow's source is the client. */
export const CLIENT_IS_SOURCE = `toUInt8(${SOURCE_CALLS_SQL})`;

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
