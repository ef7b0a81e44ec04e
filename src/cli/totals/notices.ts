// What the answer to a request about totals cannot show, where the store is opened for it: a server says it itself.
import { coverageOf } from '../../query/coverage/coverage.ts';
import { sentences } from '../../query/coverage/say.ts';
import { storedSlots } from '../../query/slots.ts';
import { questionOf } from '../../query/totals/input.ts';
import type { Store } from '../../store/store.ts';
import type { Fields } from './command.ts';

export async function windowNotices(
  store: Store,
  { since, until }: Fields,
  nowNanos: bigint,
  signal: AbortSignal,
): Promise<string[]> {
  const text = (moment: unknown) => (typeof moment === 'string' ? moment : undefined);
  const window = questionOf({ since: text(since), until: text(until) }, nowNanos);
  const millis = (nanos: bigint) => Math.max(0, Number(nanos / 1_000_000n));
  const asked = { sinceMs: millis(window.since), untilMs: millis(window.until) };
  const coverage = await coverageOf(store, asked, millis(nowNanos), signal);
  if (coverage.collected) return coverage.complete ? [] : sentences(coverage);
  // Imported flows have no ledger.
  return (await storedSlots(store, signal)) === undefined ? ['nothing has been collected yet'] : [];
}
