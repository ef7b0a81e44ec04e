// One page of rows of a table, in order of time, and its cursor: what is read at a time and held in memory.
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ALWAYS, column, EMPTY, join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import { type HistoryTable, inRange, type TimeRange, timeSql, toBigint } from './range.ts';
import { restoreEvent, restoreFlow } from './restore/flow.ts';
import { RESTORE_COLUMNS, restoreSelect } from './restore/select.ts';

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

/** What is read of a table, in whatever range. */
export interface Wanted {
  readonly table: HistoryTable;
  readonly direction: 'forward' | 'backward';
  /** Its predicate is applied to rows that SQL cannot decide. */
  readonly filter: Pick<CompiledFilter, 'condition' | 'alternatives' | 'exact' | 'predicate'>;
  /** Leave the responses out, where SQL alone decides: only positions are wanted. */
  readonly positionsOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface PageRange {
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

/** Milliseconds that rows are tested for before the event loop runs other work. */
const YIELD_AFTER_MS = 20;
const KEY_COLUMNS = 2;
const RAW = KEY_COLUMNS + RESTORE_COLUMNS.findIndex(({ name }) => name === 'raw');

export async function readPage(
  store: Reader,
  wanted: Wanted,
  within: PageRange,
  pageRows: number,
  cursor?: Cursor,
): Promise<Page> {
  const { table, filter, signal } = wanted;
  const statement = pageStatement(wanted, within, pageRows, cursor);
  const bare = isBare(wanted);
  const raw = bare ? KEY_COLUMNS : RAW;
  const hits: Hit[] = [];
  let rows = 0;
  let last: Position | undefined;
  let yieldAt = performance.now() + YIELD_AFTER_MS;
  for await (const row of store.query(statement, {}, { signal })) {
    rows++;
    last = { time: toBigint(row[0]), uuid: String(row[1]) };
    // The predicate decides rows with something the columns do not hold.
    const decided = filter.exact && (table === 'events' || row[raw] === '');
    if (bare && decided) {
      hits.push({ ...last, table, response: {} });
      continue;
    }
    const response =
      bare || table === 'events' ? restoreEvent(row, KEY_COLUMNS) : restoreFlow(row, KEY_COLUMNS);
    if (decided || filter.predicate(response)) hits.push({ ...last, table, response });
    // An expression may take milliseconds for a row.
    if (decided || performance.now() <= yieldAt) continue;
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) break;
    yieldAt = performance.now() + YIELD_AFTER_MS;
  }
  return { hits, rows, last };
}

/** The statement of a page. */
export function pageStatement(
  wanted: Wanted,
  { range, slots }: PageRange,
  pageRows: number,
  cursor?: Cursor,
): Sql {
  const { table: name, filter, direction } = wanted;
  const conditions = [inRange(name, range)];
  if (slots !== undefined)
    conditions.push(sql`time_slot IN ${param(slots.map(Number), 'Array(Int32)')}`);
  if (cursor !== undefined) conditions.push(sql`(${beyond(direction, cursor)})`);
  // PREWHERE, or the engine would read every row's time first to see whether it may be among the newest.
  const first = filter.condition === ALWAYS ? EMPTY : sql`PREWHERE ${filter.condition} `;
  const columns =
    name === 'events' || isBare(wanted) ? sql`base64Encode(${column('raw')})` : restoreSelect();
  const order = direction === 'forward' ? sql`ASC` : sql`DESC`;
  return sql`SELECT toUnixTimestamp64Nano(time), uuid, ${columns} FROM ${table(name)} ${first}WHERE ${join(conditions, sql` AND `)} ORDER BY time ${order}, uuid ${order} LIMIT ${param(pageRows, 'UInt32')}`;
}

function beyond(direction: Wanted['direction'], { position, included }: Cursor): Sql {
  const sign = direction === 'forward' ? sql`>` : sql`<`;
  const time = timeSql(position.time);
  const orAt = included ? sql`=` : EMPTY;
  return sql`time ${sign} ${time} OR (time = ${time} AND uuid ${sign}${orAt} ${param(position.uuid, 'UUID')})`;
}

function isBare({ positionsOnly, filter, table }: Wanted): boolean {
  return positionsOnly === true && filter.exact && table === 'flows';
}
