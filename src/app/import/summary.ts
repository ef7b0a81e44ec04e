// Counts of an import, reported at its end. Their size does not depend on the input.
import type { StoredRecord } from '../../enrich/record-writer.ts';
import { type LineResult, REFUSALS, type RefusalReason } from './line.ts';

/** Examples per reason. */
const FIRST_LINES = 5;

export interface RefusedLine {
  readonly line: number;
  readonly column?: number;
  readonly detail: string;
}

export interface Refused {
  count: number;
  readonly first: RefusedLine[];
}

export interface ImportSummary {
  lines: number;
  blank: number;
  /** Imported lines. */
  accepted: number;
  /** Counts of a store; with Kafka the writer has them. */
  flows: number;
  events: number;
  doubles: number;
  readonly refused: Map<RefusalReason, Refused>;
  /** Why the input was not read to its end. */
  ended?: string;
}

export function newSummary(): ImportSummary {
  const zero = { lines: 0, blank: 0, accepted: 0, flows: 0, events: 0, doubles: 0 };
  return { ...zero, refused: new Map() };
}

export function refuse(
  summary: ImportSummary,
  line: number,
  refusal: Omit<LineResult & { kind: 'refused' }, 'kind'>,
): void {
  const { reason, detail, column } = refusal;
  const entry = summary.refused.get(reason) ?? { count: 0, first: [] };
  summary.refused.set(reason, entry);
  entry.count++;
  if (entry.first.length >= FIRST_LINES) return;
  const short = detail.length > 160 ? `${detail.slice(0, 160)}…` : detail;
  entry.first.push({ line, detail: short, ...(column === undefined ? {} : { column }) });
}

export function addStored(summary: ImportSummary, stored: StoredRecord): void {
  summary.flows += stored.flows;
  summary.events += stored.events;
  summary.doubles += stored.doubles;
}

export function refusedCount(summary: ImportSummary): number {
  return [...summary.refused.values()].reduce((sum, { count }) => sum + count, 0);
}

/** The summary as text. */
export function summaryText(
  summary: ImportSummary,
  name: string,
  target: 'store' | 'kafka',
): string {
  const number = (value: number) => value.toLocaleString('en-US');
  const out: string[] = [`${name}: ${number(summary.lines)} lines`];
  const row = (label: string, value: number) => out.push(`  ${label.padEnd(16)}${number(value)}`);
  if (target === 'store') {
    row('flows stored', summary.flows);
    row('events stored', summary.events);
    row('already there', summary.doubles);
  } else row('published', summary.accepted);
  if (summary.blank > 0) row('blank', summary.blank);
  row('refused', refusedCount(summary));
  for (const [reason, { count, first }] of summary.refused) {
    out.push(`    ${reason}: ${number(count)} (${REFUSALS[reason]})`);
    for (const { line, column, detail } of first) {
      out.push(`      line ${line}${column === undefined ? '' : `, byte ${column}`}: ${detail}`);
    }
    if (count > first.length) out.push(`      and ${number(count - first.length)} more`);
  }
  if (summary.ended !== undefined) out.push(`  not read to the end: ${summary.ended}`);
  return `${out.join('\n')}\n`;
}
