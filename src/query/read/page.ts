// One page of rows of a table, in order of time, and its cursor: what is read at a time and held in memory.
import type { Predicate } from '../../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import type { QueryParams, Reader } from '../../store/store.ts';
import type { CompiledSql } from '../sql/compile.ts';
import { type HistoryTable, momentSql, rangeCondition, type TimeRange, toBigint } from './range.ts';
import { restoreEvent, restoreFlow } from './restore/flow.ts';
import { RESTORE_COLUMNS, restoreEventSelect, restoreSelect } from './restore/select.ts';

/** Where a row stands in its table's order. */
export interface Position {
  readonly time: bigint;
  readonly uuid: string;
}

export interface Hit extends Position {
  readonly table: HistoryTable;
  /** Empty when only positions were asked for. */
  readonly response: GetFlowsResponse;
}

/** What is read of a table, whatever the stretch of time. */
export interface Wanted {
  readonly table: HistoryTable;
  readonly direction: 'forward' | 'backward';
  readonly filter: CompiledSql;
  /** Applied to rows that SQL cannot judge. */
  readonly predicate: Predicate;
  /** Leave the responses out, where SQL alone decides: only positions are wanted. */
  readonly positionsOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Stretch {
  readonly range: TimeRange;
  /** Only these slots of the range. */
  readonly slots?: readonly bigint[];
}

export interface Cursor {
  readonly position: Position;
  readonly included: boolean;
}

export interface Page {
  readonly hits: readonly Hit[];
  /** Rows that SQL let through. */
  readonly rows: number;
  readonly last: Position | undefined;
}

/** Milliseconds of judging rows before others get a turn on the event loop. */
const TURN_MS = 20;
const KEY_COLUMNS = 2;
const RAW = KEY_COLUMNS + RESTORE_COLUMNS.findIndex(({ name }) => name === 'raw');

export async function readPage(
  store: Reader,
  wanted: Wanted,
  stretch: Stretch,
  pageRows: number,
  cursor?: Cursor,
): Promise<Page> {
  const { table, filter, predicate, signal } = wanted;
  const { sql, params } = pageStatement(wanted, stretch, pageRows, cursor);
  const bare = isBare(wanted);
  const raw = bare ? KEY_COLUMNS : RAW;
  const hits: Hit[] = [];
  let rows = 0;
  let last: Position | undefined;
  let turnEnd = performance.now() + TURN_MS;
  for await (const row of store.query(sql, params, signal && { signal })) {
    rows++;
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
  return { hits, rows, last };
}

/** The statement of a page. */
export function pageStatement(
  wanted: Omit<Wanted, 'predicate'>,
  { range, slots }: Stretch,
  pageRows: number,
  cursor?: Cursor,
): { readonly sql: string; readonly params: QueryParams } {
  const { table, filter, direction } = wanted;
  const within = rangeCondition(table, range);
  const conditions = [within.where];
  if (slots !== undefined) conditions.push('time_slot IN {slots:Array(Int32)}');
  if (cursor !== undefined) conditions.push(`(${beyond(direction, cursor)})`);
  // Said to be first: before it, the engine would read every row's time to see whether it may be among the newest.
  const first = filter.where === '1' ? '' : `PREWHERE ${filter.where} `;
  const columns = isBare(wanted)
    ? 'base64Encode(raw)'
    : table === 'flows'
      ? restoreSelect()
      : restoreEventSelect();
  const order = direction === 'forward' ? 'ASC' : 'DESC';
  return {
    sql:
      `SELECT toUnixTimestamp64Nano(time), uuid, ${columns} FROM ${table} ` +
      `${first}WHERE ${conditions.join(' AND ')} ORDER BY time ${order}, uuid ${order} LIMIT {pageRows:UInt32}`,
    params: {
      ...filter.params,
      ...within.params,
      pageRows,
      ...(slots && { slots: slots.map(Number) }),
      ...(cursor && { cursorTime: cursor.position.time, cursorUuid: cursor.position.uuid }),
    },
  };
}

function beyond(direction: Wanted['direction'], { included }: Cursor): string {
  const sign = direction === 'forward' ? '>' : '<';
  const time = momentSql('cursorTime');
  return `time ${sign} ${time} OR (time = ${time} AND uuid ${sign}${included ? '=' : ''} {cursorUuid:UUID})`;
}

function isBare({ positionsOnly, filter, table }: Omit<Wanted, 'predicate'>): boolean {
  return positionsOnly === true && filter.exact && table === 'flows';
}
