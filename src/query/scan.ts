// Walks a table in order of time, page by page, in windows that grow while little is found and shrink to what a page
// held: memory stays at one page, and no query is open while a page is being read by its receiver.
import type { Predicate } from '../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../hubble/schema.gen.ts';
import type { QueryParams, Store } from '../store/store.ts';
import {
  edgeSlot,
  momentSql,
  rangeCondition,
  slotBounds,
  slotOf,
  type TableName,
  type TimeRange,
  toBigint,
} from './range.ts';
import { restoreEvent, restoreFlow } from './restore/flow.ts';
import { RESTORE_COLUMNS, restoreEventSelect, restoreSelect } from './restore/select.ts';
import type { CompiledSql } from './sql/compile.ts';

/** Where a row stands in its table's order. */
export interface Position {
  readonly time: bigint;
  readonly uuid: string;
}

export interface Hit extends Position {
  readonly table: TableName;
  /** Empty when only positions were asked for. */
  readonly response: GetFlowsResponse;
}

export interface Scan {
  readonly table: TableName;
  readonly direction: 'forward' | 'backward';
  readonly range: TimeRange;
  /** Start here, this row included. */
  readonly from?: Position | undefined;
  readonly filter: CompiledSql;
  /** Applied to rows that SQL cannot judge. */
  readonly predicate: Predicate;
  /** Rows of the first page. */
  readonly pageRows: number;
  /** Pages grow up to this while few of their rows match. */
  readonly maxPageRows: number;
  /** Leave the responses out, where SQL alone decides: only positions are wanted. */
  readonly positionsOnly?: boolean;
  /** Called after every page. */
  readonly progress?: ((seen: ScanProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a scan has come: which stretch it walks, where in it it is, and how many rows SQL let through so far. */
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

/** Widths of windows of time, nanoseconds. */
const FIRST_WIDTH = 300_000_000_000n;
const LEAST_WIDTH = 1_000_000_000n;
const GROWTH = 8n;
const KEY_COLUMNS = 2;
const RAW = KEY_COLUMNS + RESTORE_COLUMNS.findIndex(({ name }) => name === 'raw');

/** Milliseconds of judging rows before others get a turn on the event loop. */
const TURN_MS = 20;

/** The rows that match, oldest or newest first. */
export async function* scan(store: Store, options: Scan): AsyncGenerator<Hit> {
  const forward = options.direction === 'forward';
  const ends = await endsOf(store, options);
  if (ends === undefined) return;
  let width = options.table === 'events' ? ends.last - ends.first + 1n : FIRST_WIDTH;
  let at = forward ? ends.first : ends.last;
  let { pageRows } = options;
  let cursor: Cursor | undefined =
    options.from === undefined ? undefined : { position: options.from, included: true };
  let rows = 0;
  while (forward ? at <= ends.last : at >= ends.first) {
    const window = windowAt(at, width, ends, forward);
    const page = await readPage(store, { ...options, pageRows }, window, cursor);
    rows += page.rows;
    options.progress?.({ ...ends, at, rows });
    yield* page.hits;
    const { last } = page;
    const full = page.rows >= pageRows;
    if (page.hits.length * 2 < page.rows || full)
      pageRows = Math.min(pageRows * 4, Math.max(pageRows, options.maxPageRows));
    if (last !== undefined && full) {
      // More in this window: go on behind the last row, and ask for about as much time as the page covered.
      const covered = forward ? last.time - at : at - last.time;
      width = covered * 2n > LEAST_WIDTH ? covered * 2n : LEAST_WIDTH;
      at = last.time;
      cursor = { position: last, included: false };
      continue;
    }
    cursor = undefined;
    at = forward ? window.last + 1n : window.first - 1n;
    if (page.rows * 4 < pageRows) width *= GROWTH;
    if (page.rows === 0 && options.table === 'flows') {
      const next = await nextStored(store, options, at, ends);
      if (next === undefined) return;
      at = next;
    }
  }
}

function windowAt(at: bigint, width: bigint, ends: Window, forward: boolean): Window {
  if (forward) {
    const last = at + width - 1n;
    return { first: at, last: last < ends.last ? last : ends.last };
  }
  const first = at - width + 1n;
  return { first: first > ends.first ? first : ends.first, last: at };
}

/** Between when there is anything at all; undefined when there is nothing. */
async function endsOf(store: Store, options: Scan): Promise<Window | undefined> {
  const { range, from, direction, table, signal } = options;
  let { since, until } = range;
  if (from !== undefined) {
    if (direction === 'forward') since = from.time;
    else until = from.time;
  }
  if (table === 'events') return eventEnds(store, { since, until }, signal);
  const oldest = await edgeSlot(store, { since, until }, 'oldest', signal);
  const newest = await edgeSlot(store, { since, until }, 'newest', signal);
  if (oldest === undefined || newest === undefined) return undefined;
  const first = slotBounds(oldest).first;
  const { last } = slotBounds(newest);
  return {
    first: since !== undefined && since > first ? since : first,
    last: until !== undefined && until < last ? until : last,
  };
}

async function eventEnds(
  store: Store,
  range: TimeRange,
  signal: AbortSignal | undefined,
): Promise<Window | undefined> {
  const { where, params } = rangeCondition('events', range);
  const nanos = (of: string) => `toUnixTimestamp64Nano(${of}(time))`;
  const sql = `SELECT count(), ${nanos('min')}, ${nanos('max')} FROM events WHERE ${where}`;
  for await (const [count, first, last] of store.query(sql, params, signal && { signal }))
    if (toBigint(count) > 0n) return { first: toBigint(first), last: toBigint(last) };
  return undefined;
}

/** Jumps over time without flows. */
async function nextStored(
  store: Store,
  { direction, signal }: Scan,
  at: bigint,
  ends: Window,
): Promise<bigint | undefined> {
  const forward = direction === 'forward';
  if (forward ? at > ends.last : at < ends.first) return undefined;
  const rest = forward ? { since: at, until: ends.last } : { since: ends.first, until: at };
  const slot = await edgeSlot(store, rest, forward ? 'oldest' : 'newest', signal);
  if (slot === undefined) return undefined;
  const { first, last } = slotBounds(slot);
  if (slotOf(at) === slot) return at;
  return forward ? first : last;
}

interface Page {
  readonly hits: readonly Hit[];
  /** Rows that SQL let through. */
  readonly rows: number;
  readonly last: Position | undefined;
}

interface Cursor {
  readonly position: Position;
  readonly included: boolean;
}

/** The statement that reads one page, and its parameters. */
export function pageStatement(
  options: Pick<Scan, 'table' | 'direction' | 'range' | 'filter' | 'pageRows' | 'positionsOnly'>,
  cursor?: Cursor,
): { readonly sql: string; readonly params: QueryParams } {
  const { table, filter, pageRows } = options;
  const forward = options.direction === 'forward';
  const { where, params } = rangeCondition(table, options.range);
  const order = forward ? 'ASC' : 'DESC';
  const beyond = forward ? '>' : '<';
  const after =
    cursor === undefined
      ? ''
      : ` AND (time ${beyond} ${momentSql('cursorTime')} OR (time = ${momentSql('cursorTime')} AND uuid ${beyond}${cursor.included ? '=' : ''} {cursorUuid:UUID}))`;
  const filtered = filter.where === '1' ? '' : ` AND (${filter.where})`;
  const columns = isBare(options)
    ? 'base64Encode(raw)'
    : table === 'flows'
      ? restoreSelect()
      : restoreEventSelect();
  return {
    sql:
      `SELECT toUnixTimestamp64Nano(time), uuid, ${columns} FROM ${table} ` +
      `WHERE ${where}${after}${filtered} ORDER BY time ${order}, uuid ${order} LIMIT {pageRows:UInt32}`,
    params: {
      ...filter.params,
      ...params,
      pageRows,
      ...(cursor && { cursorTime: cursor.position.time, cursorUuid: cursor.position.uuid }),
    },
  };
}

/** Where SQL alone decides and only positions are wanted, the flows themselves stay in the store. */
function isBare({
  positionsOnly,
  filter,
  table,
}: Pick<Scan, 'positionsOnly' | 'filter' | 'table'>) {
  return positionsOnly === true && filter.exact && table === 'flows';
}

async function readPage(
  store: Store,
  options: Scan,
  window: Window,
  cursor: Cursor | undefined,
): Promise<Page> {
  const { table, filter, predicate, signal } = options;
  const range = { since: window.first, until: window.last };
  const { sql, params } = pageStatement({ ...options, range }, cursor);
  const bare = isBare(options);
  const rows = store.query(sql, params, signal && { signal });
  const raw = bare ? KEY_COLUMNS : RAW;
  const hits: Hit[] = [];
  let count = 0;
  let last: Position | undefined;
  let turnEnd = performance.now() + TURN_MS;
  for await (const row of rows) {
    count++;
    last = { time: toBigint(row[0]), uuid: String(row[1]) };
    // Rows with something the columns do not hold are judged by what they really are.
    const judged = filter.exact && (table === 'events' || row[raw] === '');
    if (bare && judged) {
      hits.push({ ...last, table, response: {} });
      continue;
    }
    const response =
      bare || table === 'events' ? restoreEvent(row, KEY_COLUMNS) : restoreFlow(row, KEY_COLUMNS);
    if (judged || predicate(response)) hits.push({ ...last, table, response });
    // An expression may take milliseconds for a row.
    if (judged || performance.now() <= turnEnd) continue;
    await new Promise((resolve) => setImmediate(resolve));
    // The next page is refused to whoever has left.
    if (signal?.aborted) break;
    turnEnd = performance.now() + TURN_MS;
  }
  return { hits, rows: count, last };
}
