// From history to live without gaps or duplicates: opens the live stream, waits until everything published before it is
// stored, reads history, and drops the responses that both have.

import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { toNanos } from '../../hubble/proto/timestamp.ts';
import { SECOND_NS } from '../../runtime/time.ts';
import type { CelFailures } from './cel-failures.ts';
import { EncodedResponse } from './encoded-response.ts';
import type { FlowQuery } from './flows.ts';
import type { LiveStream } from './follow.ts';
import { RecentKeys } from './recent.ts';

/** Keys remembered: at 20,000 flows a second, that of the newest five seconds at least. */
const REMEMBERED = 100_000;
/** Flows come out of order by less than this, nanoseconds; the next read of history starts this long before the end of the last. */
const OVERLAP = 5n * SECOND_NS;
/** Repeated reads of history when the live queue overflowed during the last one. */
const ROUNDS = 5;

export type JoinItem = EncodedResponse | { readonly kind: 'notice'; readonly notice: string };

/** `live` is open already. Ends with it. */
export async function* historyThenLive(
  query: FlowQuery,
  history: (query: FlowQuery) => AsyncIterable<GetFlowsResponse>,
  live: LiveStream,
  left: CelFailures,
): AsyncGenerator<JoinItem> {
  const recent = new RecentKeys(REMEMBERED);
  const emitted = new Emitted();
  const fresh = live[Symbol.asyncIterator]();
  live.setPatient(true);
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      if (!(await live.waitUntilStored()))
        yield {
          kind: 'notice',
          notice: 'storing is behind: flows of the last seconds may be missing',
        };
      for await (const response of history(emitted.rest(query))) {
        const item = EncodedResponse.of(response);
        if (!recent.add(item.key)) continue;
        emitted.note(response);
        yield item;
      }
      // More came meanwhile than may wait: history has it by now, and reading what is new takes less time each round.
      if (round === ROUNDS || !live.restart()) break;
    }
    live.setPatient(false);
    yield* left.notices();
    for (let next = await fresh.next(); !next.done; next = await fresh.next())
      if (recent.add(next.value.key)) yield next.value;
  } finally {
    await fresh.return?.();
  }
}

/** Collectors may publish flows again when a relay's stream was cut. */
export async function* withoutDoubles(live: LiveStream): AsyncGenerator<JoinItem> {
  const recent = new RecentKeys(REMEMBERED);
  for await (const item of live) if (recent.add(item.key)) yield item;
}

/** The times sent so far. */
class Emitted {
  private oldest: bigint | undefined;
  private newest: bigint | undefined;

  note({ flow, time }: GetFlowsResponse): void {
    const of = flow?.time ?? time;
    if (of === undefined) return;
    const nanos = toNanos(of);
    if (this.newest === undefined || nanos > this.newest) this.newest = nanos;
    if (this.oldest === undefined || nanos < this.oldest) this.oldest = nanos;
  }

  /** The query for what is left, with some overlap; the query itself before the first response. */
  rest(query: FlowQuery): FlowQuery {
    const { oldest, newest } = this;
    if (newest === undefined || oldest === undefined) return query;
    const from = newest - OVERLAP;
    // The newest N were asked for: nothing before them.
    const since = query.number > 0n && oldest > from ? oldest : from;
    const bounded = query.since !== undefined && query.since > since ? query.since : since;
    return { ...query, number: 0n, since: bounded };
  }
}
