// What totals are counted by and `flows` has no column for, as SQL over `flows`: who called, the port that was called,
// and what an end without a workload is called. `flow_totals` has columns of them, made by the writer: both must agree.

import { DropReason, FlowType, Verdict } from '../../hubble/proto/schema.gen.ts';
import { SOURCE_CALLS_SQL } from '../../incident/caller.ts';
import { policyKind } from '../../incident/denial.ts';
import { column, constant, join, type Sql, sql } from '../../store/sql.ts';

type End = 'source' | 'destination';

const { DROPPED, AUDIT } = Verdict.numbers;
const { L7 } = FlowType.numbers;

/** Names for expressions over a row, each evaluated once; a statement that uses them needs `withNames`. */
export const CLIENT_IS_SOURCE = column('forth');
export const PEER = { source: column('source_named'), destination: column('destination_named') };
export const BEST_NAME = { source: column('source_best'), destination: column('destination_best') };

/** Port of the end that was called. */
export const SERVER_PORT = sql`if(${CLIENT_IS_SOURCE} = 1, destination_port, source_port)`;

/** Networks by their length, the longest first; one of length 0 is everything, and says nothing. */
const narrowest = (labels: Sql) =>
  sql`arrayReverseSort(l -> toUInt8OrZero(extract(l, '[0-9]+$')), extractAll(${labels}, '(?m)^(cidr:[^\\n]*/[1-9][0-9]*)$'))[1]`;

/** The name of an end without a workload: DNS name, the narrowest network, reserved label, pod. */
function named(end: End, withWorkload: Sql): Sql {
  const labels = column(`${end}_labels`);
  const names = column(`${end}_names`);
  return sql`multiIf(
    ${column(`${end}_workload`)} != '', ${withWorkload},
    ${names} != '', extract(${names}, '^[^\\n]+'),
    match(${labels}, '(?m)^cidr:[^\\n]*/[1-9][0-9]*$'), ${narrowest(labels)},
    match(${labels}, '(?m)^reserved:'), extract(${labels}, '(?m)^(reserved:[^\\n]*)'),
    toString(${column(`${end}_pod_name`)}))`;
}

const NAMES: readonly (readonly [name: Sql, value: Sql])[] = [
  /** 1 where the flow's source is the client. */
  [CLIENT_IS_SOURCE, sql`toUInt8(${constant(SOURCE_CALLS_SQL)})`],
  /** As `*_peer` of `flow_totals`: '' where there is a workload, or nothing is known. */
  [PEER.source, named('source', sql`''`)],
  [PEER.destination, named('destination', sql`''`)],
  /** Workload, else the same. */
  [BEST_NAME.source, named('source', sql`toString(source_workload)`)],
  [BEST_NAME.destination, named('destination', sql`toString(destination_workload)`)],
];

/** A SELECT over `flows` with what its expressions name. */
export function withNames(select: Sql): Sql {
  const used = NAMES.filter(([name]) =>
    [...name.columns].every((each) => select.columns.has(each)),
  );
  if (used.length === 0) return select;
  const names = used.map(([name, value]) => sql`${value} AS ${name}`);
  return sql`WITH ${join(names, sql`, `)} ${select}`;
}

const POLICY_REASONS = Object.values(DropReason.numbers).filter(
  (reason) => policyKind(reason) !== undefined,
);

/**
 * What a policy denied, by columns of both tables: a request that a proxy refused is one by the flow's type alone.
 * Beside it, and in the same words, what was dropped and what audit mode let pass.
 */
export const DENIED = sql`verdict = ${DROPPED} AND (drop_reason_desc IN (${join(
  POLICY_REASONS.map((reason) => sql`${reason}`),
  sql`, `,
)}) OR (drop_reason_desc = 0 AND type = ${L7}))`;
export const DROPPED_FLOW = sql`verdict = ${DROPPED}`;
export const AUDITED = sql`verdict = ${AUDIT}`;
