// Where a page of incidents or denials ends, as text that clients hand back. The window goes with it, so that all pages
// are of the same one.
import type { TimeRange } from '../read/range.ts';

export type Sort = 'last' | 'first' | 'count';

export interface IncidentCursor {
  /** What is sorted by: a moment, or how many. */
  readonly value: bigint;
  readonly incident: bigint;
}

/** Greater values come first; of equal ones the smaller number. */
export function isBehind(a: IncidentCursor, b: IncidentCursor): boolean {
  if (a.value !== b.value) return a.value < b.value;
  return a.incident > b.incident;
}

const PARTS = 4;

/** Values of whatever is sorted, and the window. */
export function cursorText(parts: readonly [string, string], { since, until }: TimeRange): string {
  const text = [...parts, since ?? '', until ?? ''].join(' ');
  return Buffer.from(text).toString('base64url');
}

/** Undefined when the text is none of ours. */
export function cursorParts(
  text: string,
): { readonly parts: readonly [string, string]; readonly window: TimeRange } | undefined {
  const all = Buffer.from(text, 'base64url').toString().split(' ');
  const [first = '', second = '', ...bounds] = all;
  if (all.length !== PARTS || ![first, ...bounds].every((part) => /^-?\d{0,20}$/.test(part)))
    return undefined;
  const [since, until] = bounds.map((part) => (part === '' ? undefined : BigInt(part)));
  return { parts: [first, second], window: { since, until } };
}
