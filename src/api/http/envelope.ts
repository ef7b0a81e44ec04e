// What every answer carries beside its own members: the coverage of its window, and what it cost.

import { z } from 'zod';
import { type Coverage, coverageOf } from '../../query/coverage/coverage.ts';
import { sentences } from '../../query/coverage/describe.ts';
import { slotBounds, type TimeRange } from '../../query/read/range.ts';
import { storedSlots } from '../../query/read/slots.ts';
import { DAY_MS, nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';

export const coverageNote = z
  .object({
    since: z.string().describe('RFC 3339; whole minutes.'),
    until: z.string(),
    complete: z
      .boolean()
      .describe('True when every flow that any node saw in the window is stored.'),
    collected: z
      .boolean()
      .describe('False when no collector reported anything in the window: nothing is known of it.'),
    gaps: z.int().describe('Stretches of nodes or clusters in which flows are missing.'),
    text: z.string().describe('The same in words.'),
  })
  .nullable()
  .describe('What the window of the answer covers; null when it has no window.')
  .meta({ id: 'Coverage' });

export const costNote = z
  .object({
    rows: z.number().describe('Rows that the store read of its tables.'),
    bytes: z.number().describe('Bytes of those, uncompressed.'),
    queries: z.int().describe('Statements that the store was asked.'),
    elapsedMs: z.number(),
  })
  .describe('What the answer cost.')
  .meta({ id: 'Cost' });

export type CoverageNote = z.infer<typeof coverageNote>;

/** The ledger is asked for no more than this at once; of an open window it is the newest part. */
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

/** The coverage of a window; one without a beginning begins with what is stored. Null where it has nothing to say. */
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
