// The members every document has beside its own: the coverage of its window and its cost.

import { z } from 'zod';
import { type Coverage, coverageOf } from '../../query/coverage/coverage.ts';
import { sentences } from '../../query/coverage/describe.ts';
import { slotBounds, type TimeRange } from '../../query/read/range.ts';
import { storedSlots } from '../../query/read/slots.ts';
import { DAY_MS, nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';

export const coverageNote = z
  .object({
    since: z.string().describe('RFC 3339, whole minutes.'),
    until: z.string(),
    complete: z
      .boolean()
      .describe('True when every flow that any node saw in the window is stored.'),
    collected: z
      .boolean()
      .describe(
        'False when no collector reported anything in the window: its coverage is unknown.',
      ),
    gaps: z.int().describe('Number of intervals with missing flows, per node or cluster.'),
    text: z.string().describe('The coverage in one sentence.'),
  })
  .nullable()
  .describe('Coverage of the window of the document; null without a window.')
  .meta({ id: 'Coverage' });

export const costNote = z
  .object({
    rows: z.number().describe('Rows read from tables of the store.'),
    bytes: z.number().describe('Size of these rows, uncompressed.'),
    queries: z.int().describe('Queries sent to the store.'),
    elapsedMs: z.number(),
  })
  .describe('Cost of the document.')
  .meta({ id: 'Cost' });

export type CoverageNote = z.infer<typeof coverageNote>;

/** Coverage is computed for at most this much; of a longer window, for its newest part. */
const MAX_MS = 32 * DAY_MS;

export function noteOf(coverage: Coverage): CoverageNote {
  const { window, complete, collected, gaps } = coverage;
  return {
    since: new Date(window.sinceMs).toISOString(),
    until: new Date(window.untilMs).toISOString(),
    complete,
    collected,
    gaps: gaps.length,
    text: sentences(coverage).join('; '),
  };
}

/** Coverage of a window; an open start begins with the oldest stored flow. Null when the window is empty. */
export async function coverageWithin(
  store: Reader,
  { since, until }: TimeRange,
  nowMs: number,
  signal: AbortSignal,
): Promise<CoverageNote> {
  const untilMs = until === undefined ? nowMs : Math.min(nowMs, nsToMs(until));
  const from = since ?? (await oldestStored(store, signal));
  if (from === undefined) return null;
  const sinceMs = Math.max(0, untilMs - MAX_MS, nsToMs(from));
  if (sinceMs >= untilMs) return null;
  return noteOf(await coverageOf(store, { sinceMs, untilMs }, nowMs, signal));
}

async function oldestStored(store: Reader, signal: AbortSignal): Promise<bigint | undefined> {
  const slots = await storedSlots(store, signal);
  return slots && slotBounds(slots.oldest).first;
}
