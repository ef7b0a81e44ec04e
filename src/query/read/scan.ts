// Scans a table in order of time, page by page: memory stays at one page, and no query is open while the caller handles
// a page. Where many rows pass it goes in windows about as long as a page; where few do it first counts them by slot,
// and then reads only the slots that have some.
import { MINUTE_NS, SECOND_NS } from '../../runtime/time.ts';
import { bigint, firstRow } from '../../store/rows.ts';
import { ALWAYS, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import {
  type Cursor,
  type Hit,
  type PageRange,
  type Position,
  readPage,
  type Wanted,
} from './page.ts';
import { inRange, slotBounds, slotOf, type TimeRange } from './range.ts';
import { boundarySlot, MOST_SLOTS, type SlotRows, slotsWith, storedSlots } from './slots.ts';

export interface Scan extends Wanted {
  readonly range: TimeRange;
  /** Start here, this row included. */
  readonly from?: Position | undefined;
  /** Rows of the first page. */
  readonly pageRows: number;
  /** Pages grow up to this while few of their rows match. */
  readonly maxPageRows: number;
  /** Called after every page, and after every count by slot. */
  readonly progress?: ((seen: ScanProgress) => void) | undefined;
}

/** How far a scan has come: its first and last moment, the one it has reached, and the rows SQL let through so far. */
export interface ScanProgress {
  readonly first: bigint;
  readonly last: bigint;
  readonly at: bigint;
  readonly rows: number;
}

interface Window {
  readonly first: bigint;
  readonly last: bigint;
}

/** Widths of windows of time, nanoseconds. The newest slot may just have begun: the first window is two of them. */
const SLOT = 5n * MINUTE_NS;
const FIRST_WIDTH = 2n * SLOT;
const LEAST_WIDTH = SECOND_NS;
const FIRST_SPARSE_WIDTH = 288n * SLOT;
const GROWTH = 8n;

/** The rows that match, oldest or newest first. */
export async function* scan(store: Reader, options: Scan): AsyncGenerator<Hit> {
  const ends = await endsOf(store, options);
  if (ends !== undefined) yield* new TimeScan(store, options, ends).hits();
}

class TimeScan {
  private readonly store: Reader;
  private readonly options: Scan;
  private readonly ends: Window;
  private readonly forward: boolean;
  private pageRows: number;
  /** The next moment to read. */
  private at: bigint;
  private width: bigint;
  private cursor: Cursor | undefined;
  private found = 0;

  constructor(store: Reader, options: Scan, ends: Window) {
    this.store = store;
    this.options = options;
    this.ends = ends;
    this.forward = options.direction === 'forward';
    this.pageRows = options.pageRows;
    this.at = this.forward ? ends.first : ends.last;
    this.width = options.table === 'events' ? ends.last - ends.first + 1n : FIRST_WIDTH;
    if (options.from !== undefined) this.cursor = { position: options.from, included: true };
  }

  async *hits(): AsyncGenerator<Hit> {
    const { options } = this;
    const filtered = options.table === 'flows' && options.filter.condition !== ALWAYS;
    while (this.inside()) {
      const window = this.windowAt(this.width);
      const rows = yield* this.page({ range: { since: window.first, until: window.last } });
      if (rows === 'more') continue;
      this.cursor = undefined;
      this.passed(window);
      if (rows * 4 >= this.pageRows) continue;
      if (filtered) yield* this.scanSparse(rows);
      this.width *= GROWTH;
      if (rows === 0 && !filtered && options.table === 'flows') await this.skipEmpty();
    }
  }

  /** Reads a page. Returns `more` when it was full, with the cursor set behind it; else how many rows SQL let through. */
  private async *page(within: PageRange): AsyncGenerator<Hit, number | 'more'> {
    const { store, options, pageRows, forward, at } = this;
    const { hits, rows, last } = await readPage(store, options, within, pageRows, this.cursor);
    this.report(rows);
    yield* hits;
    const full = rows >= pageRows;
    if (hits.length * 2 < rows || full)
      this.pageRows = Math.min(pageRows * 4, Math.max(pageRows, options.maxPageRows));
    if (last === undefined || !full) return rows;
    // Ask for about as much time as the page covered.
    const covered = forward ? last.time - at : at - last.time;
    this.width = covered * 2n > LEAST_WIDTH ? covered * 2n : LEAST_WIDTH;
    this.at = last.time;
    this.cursor = { position: last, included: false };
    return 'more';
  }

  /** Scans the rest, reading only the slots in which something passes. */
  private async *scanSparse(rows: number): AsyncGenerator<Hit> {
    const { store, options } = this;
    // Twice the time in which a page of rows is expected.
    const expected =
      rows === 0 ? FIRST_SPARSE_WIDTH : (this.width * BigInt(2 * this.pageRows)) / BigInt(rows);
    let width = expected < FIRST_SPARSE_WIDTH ? expected : FIRST_SPARSE_WIDTH;
    while (this.inside()) {
      const { first, last } = this.windowAt(width);
      const range = { since: first, until: last };
      const { filter, direction, signal } = options;
      const slots = await slotsWith(store, range, filter, direction, signal);
      this.report(0);
      for (const group of groups(slots, this.pageRows)) {
        while ((yield* this.page({ range, slots: group })) === 'more');
        this.cursor = undefined;
      }
      const end = slots.length === MOST_SLOTS ? slots.at(-1)?.slot : undefined;
      this.passed(end === undefined ? { first, last } : slotBounds(end));
      width *= GROWTH;
      if (slots.length === 0) await this.skipEmpty();
    }
  }

  private report(rows: number): void {
    this.found += rows;
    this.options.progress?.({ ...this.ends, at: this.at, rows: this.found });
  }

  private inside(): boolean {
    return this.forward ? this.at <= this.ends.last : this.at >= this.ends.first;
  }

  private passed({ first, last }: Window): void {
    this.at = this.forward ? last + 1n : first - 1n;
  }

  /** The next window of this width; whole slots when it is at least one. */
  private windowAt(width: bigint): Window {
    const { at, ends, forward } = this;
    if (forward) {
      const moment = at + width - 1n;
      const last = width < SLOT ? moment : slotBounds(slotOf(moment)).last;
      return { first: at, last: last < ends.last ? last : ends.last };
    }
    const moment = at - width + 1n;
    const first = width < SLOT ? moment : slotBounds(slotOf(moment)).first;
    return { first: first > ends.first ? first : ends.first, last: at };
  }

  /** Jumps over time without flows. */
  private async skipEmpty(): Promise<void> {
    if (!this.inside()) return;
    const { at, ends, forward, store, options } = this;
    const rest = forward ? { since: at, until: ends.last } : { since: ends.first, until: at };
    const slot = await boundarySlot(store, rest, forward ? 'oldest' : 'newest', options.signal);
    if (slot === undefined) this.passed(ends);
    else if (slotOf(at) !== slot)
      this.at = forward ? slotBounds(slot).first : slotBounds(slot).last;
  }
}

/** Slots read together: as many as fill a page. */
function* groups(slots: readonly SlotRows[], pageRows: number): Generator<readonly bigint[]> {
  let group: bigint[] = [];
  let rows = 0;
  for (const each of slots) {
    group.push(each.slot);
    rows += each.rows;
    if (rows < pageRows) continue;
    yield group;
    group = [];
    rows = 0;
  }
  if (group.length > 0) yield group;
}

/** The range that can hold rows; undefined when there are none. */
async function endsOf(store: Reader, options: Scan): Promise<Window | undefined> {
  const { range, from, direction, table, signal } = options;
  let { since, until } = range;
  if (from !== undefined) {
    if (direction === 'forward') since = from.time;
    else until = from.time;
  }
  if (table === 'events') return eventEnds(store, { since, until }, signal);
  const slots = await storedSlots(store, signal);
  if (slots === undefined) return undefined;
  const { first } = slotBounds(slots.oldest);
  const { last } = slotBounds(slots.newest);
  return {
    first: since !== undefined && since > first ? since : first,
    last: until !== undefined && until < last ? until : last,
  };
}

async function eventEnds(
  store: Reader,
  range: TimeRange,
  signal: AbortSignal | undefined,
): Promise<Window | undefined> {
  const statement = sql`SELECT count(), toUnixTimestamp64Nano(min(time)), toUnixTimestamp64Nano(max(time))
    FROM ${table('events')} WHERE ${inRange('events', range)}`;
  const shape = { count: bigint, first: bigint, last: bigint };
  const found = await firstRow(store, statement, shape, { signal });
  return found === undefined || found.count === 0n ? undefined : found;
}
