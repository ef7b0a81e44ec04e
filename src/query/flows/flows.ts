import type { Failed } from '../../hubble/cel/compile.ts';
import type { FlowFilter, GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ALWAYS } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Hit, Position } from '../read/page.ts';
import type { HistoryTable, TimeRange } from '../read/range.ts';
import { type Scan, type ScanProgress, scan } from '../read/scan.ts';
import { type CompiledFilter, compileSql } from '../sql/compile.ts';

export interface FlowQuery extends TimeRange {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
  /** How many responses; 0 is no limit. */
  readonly number: bigint;
  /** Count from the oldest instead of from the newest. The answer is oldest first either way. */
  readonly first: boolean;
  /**
   * Lost events and node status: `matching` tests them as a flow that is not there, as a file is read; `all` lets them
   * pass every filter, as a relay does.
   */
  readonly events: 'all' | 'matching';
  /** Events come on top of the number, as from a relay. */
  readonly numberOfFlows?: boolean;
}

export interface FlowQueryLimits {
  /** Rows of one page: what is held in memory at a time. */
  readonly pageRows: number;
  /** Up to this many newest are found in one pass and held; more are found first and read again in order. */
  readonly heldRows: number;
}

const NIL_UUID = '00000000-0000-0000-0000-000000000000';
const MAX_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** What happens while an answer is read. */
export interface FlowQueryListeners {
  /** Called for rows that SQL let through and an expression could not be evaluated for. */
  readonly failed?: Failed | undefined;
  readonly progress?: ((seen: ScanProgress) => void) | undefined;
}

/**
 * Streams the answer. Throws `input/invalid` for filters that cannot be understood, before the store is read.
 */
export function queryFlows(
  store: Reader,
  query: FlowQuery,
  limits: FlowQueryLimits,
  signal?: AbortSignal,
  listeners: FlowQueryListeners = {},
): AsyncGenerator<GetFlowsResponse> {
  const plan = new Plan(store, query, limits, signal, listeners);
  if (query.number === 0n || query.number >= 2n ** 63n) return plan.forward(undefined, undefined);
  if (query.first) return plan.forward(undefined, query.number);
  if (query.number <= BigInt(limits.heldRows)) return plan.newest(Number(query.number));
  return plan.newestOfMany(query.number);
}

/** The rows that answer, from `from` on, that one included, or from the end of the range; the query's number is ignored. */
export function scanFlows(
  store: Reader,
  query: FlowQuery,
  limits: FlowQueryLimits,
  pages: {
    readonly direction: Scan['direction'];
    readonly pageRows: number;
    readonly from?: Hit | undefined;
  },
  signal?: AbortSignal,
  listeners: FlowQueryListeners = {},
): AsyncGenerator<Hit> {
  const { direction, pageRows, from } = pages;
  const plan = new Plan(store, query, limits, signal, listeners);
  const first = Math.min(limits.pageRows, plan.firstPage(BigInt(pageRows)));
  return plan.merged(direction, query, { pageRows: first, ...(from && { from }) });
}

class Plan {
  private readonly filter: CompiledFilter;
  private readonly store: Reader;
  private readonly query: FlowQuery;
  private readonly limits: FlowQueryLimits;
  private readonly signal: AbortSignal | undefined;
  private readonly progress: ((seen: ScanProgress) => void) | undefined;

  constructor(
    store: Reader,
    query: FlowQuery,
    limits: FlowQueryLimits,
    signal: AbortSignal | undefined,
    { failed, progress }: FlowQueryListeners,
  ) {
    this.progress = progress;
    this.store = store;
    this.query = query;
    this.limits = limits;
    this.signal = signal;
    this.filter = compileSql(query.whitelist, query.blacklist, failed);
  }

  async *forward(
    from: Hit | undefined,
    limit: bigint | undefined,
    until = this.query.until,
  ): AsyncGenerator<GetFlowsResponse> {
    let count = 0n;
    const range = { since: this.query.since, until };
    const pageRows = limit === undefined ? this.limits.pageRows : this.firstPage(limit);
    const pages = { pageRows, ...(from && { from }) };
    for await (const hit of this.merged('forward', range, pages)) {
      yield hit.response;
      if (this.counts(hit) && ++count === limit) return;
    }
  }

  /** Few enough to hold: found newest first, returned oldest first. */
  async *newest(number: number): AsyncGenerator<GetFlowsResponse> {
    const held: GetFlowsResponse[] = [];
    const pageRows = this.firstPage(BigInt(number));
    let count = 0;
    for await (const hit of this.merged('backward', this.query, { pageRows })) {
      held.push(hit.response);
      if (this.counts(hit) && ++count === number) break;
    }
    yield* held.reverse();
  }

  /** Many: one pass backward finds where to begin, another forward returns them. */
  async *newestOfMany(number: bigint): AsyncGenerator<GetFlowsResponse> {
    let count = 0n;
    let newest: Hit | undefined;
    let start: Hit | undefined;
    const pages = { pageRows: this.limits.pageRows, positionsOnly: true };
    for await (const hit of this.merged('backward', this.query, pages)) {
      newest ??= hit;
      start = hit;
      if (this.counts(hit) && ++count === number) break;
    }
    // What arrives meanwhile is newer than the newest seen: left out, so that the number stays right.
    if (start !== undefined) yield* this.forward(start, count, newest?.time);
  }

  /** Flows and events as one stream. Both are paged, so neither keeps a query open while the other is read. */
  async *merged(
    direction: Scan['direction'],
    range: TimeRange,
    options: { readonly pageRows: number; readonly positionsOnly?: boolean; readonly from?: Hit },
  ): AsyncGenerator<Hit> {
    const { from, ...pages } = options;
    const maxPageRows = this.limits.pageRows;
    const common = { direction, range, maxPageRows, ...pages, signal: this.signal };
    const flows = scan(this.store, {
      ...common,
      table: 'flows',
      filter: this.filter,
      progress: this.progress,
      from: positionIn('flows', from, direction),
    });
    if (!this.wantsEvents()) {
      yield* flows;
      return;
    }
    const predicate = this.query.events === 'all' ? () => true : this.filter.predicate;
    const events = scan(this.store, {
      ...common,
      table: 'events',
      filter: { condition: ALWAYS, exact: false, predicate },
      from: positionIn('events', from, direction),
    });
    yield* mergeByTime(flows, events, direction);
  }

  private counts({ table }: Hit): boolean {
    return this.query.numberOfFlows !== true || table === 'flows';
  }

  /** Where SQL leaves work to the predicate, more rows than asked are needed to find enough. */
  firstPage(number: bigint): number {
    const wanted = this.filter.exact ? number : number * 2n > 256n ? number * 2n : 256n;
    const limit = BigInt(this.limits.pageRows);
    return Number(wanted < limit ? wanted : limit);
  }

  private wantsEvents(): boolean {
    return this.query.events === 'all' || this.filter.predicate({ lost_events: {} });
  }
}

/** Where `from` stands in a table. Of one moment, events come before flows: see mergeByTime. */
function positionIn(
  table: HistoryTable,
  from: Hit | undefined,
  direction: Scan['direction'],
): Position | undefined {
  if (from === undefined || from.table === table) return from;
  const { time } = from;
  if (direction === 'forward')
    return { time: table === 'flows' ? time : time + 1n, uuid: NIL_UUID };
  return { time: table === 'flows' ? time - 1n : time, uuid: MAX_UUID };
}

async function* mergeByTime(
  a: AsyncGenerator<Hit>,
  b: AsyncGenerator<Hit>,
  direction: Scan['direction'],
): AsyncGenerator<Hit> {
  try {
    let left = await a.next();
    let right = await b.next();
    while (!left.done && !right.done) {
      // Both directions give one order: by time, events before flows of the same time.
      const flowIsOlder = left.value.time < right.value.time;
      if (flowIsOlder === (direction === 'forward')) {
        yield left.value;
        left = await a.next();
      } else {
        yield right.value;
        right = await b.next();
      }
    }
    for (; !left.done; left = await a.next()) yield left.value;
    for (; !right.done; right = await b.next()) yield right.value;
  } finally {
    await a.return(undefined);
    await b.return(undefined);
  }
}
