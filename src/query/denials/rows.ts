// Single denials, the newest first, page by page. Where a page lies is found by counting the slots of the sort key, so
// that only those rows are read and sorted that may be in it.
import { bigint, number, rows } from '../../store/rows.ts';
import { ALWAYS, allOf, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, slotBounds, slotOf, type TimeRange, timeSql, toBigint } from '../read/range.ts';
import { DENIAL_SELECT, type Denial, denialOf } from './denial.ts';
import { type DenialCondition, type DenialFilter, denialCondition, namesOf } from './filter.ts';

export interface DenialQuery extends DenialFilter, TimeRange {
  /** Only those of these incidents. */
  readonly ids?: readonly bigint[] | undefined;
  readonly limit: number;
  readonly after?: DenialCursor | undefined;
}

export interface DenialCursor {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly uuid: string;
}

export interface DenialPage {
  readonly denials: readonly Denial[];
  readonly next: DenialCursor | undefined;
}

export async function readDenials(
  store: Reader,
  query: DenialQuery,
  signal?: AbortSignal,
): Promise<DenialPage> {
  const { limit, after } = query;
  const condition = denialCondition(query);
  const slot = await slotWith(store, query, condition, signal);
  if (slot === undefined) return { denials: [], next: undefined };
  const asked = after === undefined ? query : { ...query, until: after.time };
  const behind =
    after === undefined
      ? ALWAYS
      : sql`(time, uuid) < (${timeSql(after.time)}, ${param(after.uuid, 'UUID')})`;
  const statement = sql`${namesOf('denials', condition)}SELECT ${DENIAL_SELECT} FROM ${table('denials')}
    WHERE time_slot >= ${param(slot, 'Int32')} AND ${whereOf(asked, condition)} AND ${behind}
    ORDER BY time DESC, uuid DESC LIMIT ${param(limit + 1, 'UInt32')}`;
  const found: { denial: Denial; time: bigint }[] = [];
  for await (const row of store.query(statement, {}, { signal }))
    found.push({ denial: denialOf(row), time: toBigint(row[0]) });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    denials: page.map(({ denial }) => denial),
    next: more ? { time: last.time, uuid: last.denial.uuid } : undefined,
  };
}

/** The newest slot from which on a page lies, and whether there is another one; undefined when there is nothing. */
async function slotWith(
  store: Reader,
  query: DenialQuery,
  condition: DenialCondition,
  signal: AbortSignal | undefined,
): Promise<bigint | undefined> {
  const { after, limit } = query;
  // How much of the cursor's own slot is left is not counted: it is read anyway.
  let slot = after && slotOf(after.time);
  const until = slot === undefined ? query.until : slotBounds(slot).first - 1n;
  const statement = sql`${namesOf('denials', condition)}SELECT time_slot, count() FROM ${table('denials')}
    WHERE ${whereOf({ ...query, until }, condition)} GROUP BY time_slot ORDER BY time_slot DESC`;
  let count = 0;
  const shape = { at: bigint, denials: number };
  for await (const { at, denials } of rows(store, statement, shape, { signal })) {
    slot = at;
    count += denials;
    if (count > limit) break;
  }
  return slot;
}

function whereOf(query: DenialQuery, { where }: DenialCondition): Sql {
  const { ids } = query;
  const wanted = ids === undefined ? [] : [sql`incident IN ${param(ids, 'Array(UInt64)')}`];
  return allOf([inRange('denials', query), ...wanted, where]);
}
