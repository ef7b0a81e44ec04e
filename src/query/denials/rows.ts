// Single denials, the newest first, page by page. Where a page lies is found by counting the slots of the sort key, so
// that only those rows are read and sorted that may be in it.
import { textSql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { momentSql, rangeCondition, slotBounds, slotOf, type TimeRange } from '../read/range.ts';
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
  const { where, params } = conditionsOf(asked, condition);
  const behind =
    after === undefined ? '1' : `(time, uuid) < (${momentSql('afterTime')}, {afterUuid:UUID})`;
  const sql =
    `${namesOf('denials', condition)}SELECT ${DENIAL_SELECT} FROM denials ` +
    `WHERE time_slot >= {slot:Int32} AND ${where} AND ${behind} ` +
    'ORDER BY time DESC, uuid DESC LIMIT {limit:UInt32}';
  const values = {
    ...params,
    slot,
    limit: limit + 1,
    ...(after && { afterTime: after.time, afterUuid: after.uuid }),
  };
  const found: { denial: Denial; time: bigint }[] = [];
  for await (const row of store.query(textSql(sql, values, ['denials']), {}, { signal }))
    found.push({ denial: denialOf(row), time: BigInt(String(row[0])) });
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
  const { where, params } = conditionsOf({ ...query, until }, condition);
  const sql =
    `${namesOf('denials', condition)}SELECT time_slot, count() FROM denials WHERE ${where} ` +
    'GROUP BY time_slot ORDER BY time_slot DESC';
  let count = 0;
  for await (const [at, rows] of store.query(textSql(sql, params, ['denials']), {}, { signal })) {
    slot = BigInt(String(at));
    count += Number(rows);
    if (count > limit) break;
  }
  return slot;
}

function conditionsOf(query: DenialQuery, condition: DenialCondition) {
  const range = rangeCondition('denials', query);
  const { ids } = query;
  const wanted = ids === undefined ? '' : ' AND incident IN {ids:Array(UInt64)}';
  return {
    where: `(${range.where})${wanted} AND (${condition.where})`,
    params: { ...range.params, ...condition.params, ...(ids !== undefined && { ids }) },
  };
}
