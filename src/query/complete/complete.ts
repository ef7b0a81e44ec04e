// Values to choose from while a filter is being written: those seen in a window, the most frequent first. What a field
// has is looked up once and kept for some seconds, since whoever types asks with every letter.
import { LRUCache } from 'lru-cache';
import { inputError } from '../../runtime/errors.ts';
import type { QueryParams, Reader } from '../../store/store.ts';
import { rangeCondition, slotOf } from '../read/range.ts';
import { COMPLETED, type Grouped, type Source } from './fields.ts';

export interface Choice {
  readonly value: string;
  /** Flows in the window that have it; absent of values that are always the same. */
  readonly flows?: number;
}

export interface Choices {
  readonly values: readonly Choice[];
  /** There are more than told. */
  readonly more: boolean;
}

export interface CompletionQuery {
  readonly field: string;
  readonly prefix: string;
  readonly limit: number;
  readonly since: bigint;
  readonly until: bigint;
}

/** Values of one field that are kept; where there are more, the store is asked with the prefix each time. */
const MOST = 10_000;
const KEPT_MS = 15_000;
const KEPT_FIELDS = 200;

export class Completions {
  private readonly kept = new LRUCache<string, readonly Choice[]>({
    max: KEPT_FIELDS,
    ttl: KEPT_MS,
  });

  /** `seenBy` tells who may see the same apart from who may not. Throws `input/invalid` for a field that is none. */
  async complete(
    store: Reader,
    query: CompletionQuery,
    seenBy: string,
    signal: AbortSignal,
  ): Promise<Choices> {
    const { field, prefix, limit, since, until } = query;
    const source = COMPLETED.get(field);
    if (source === undefined)
      throw inputError(
        `field: ${JSON.stringify(field)} cannot be completed; there are ${[...COMPLETED.keys()].join(', ')}`,
      );
    if (source.fixed !== undefined)
      return first(
        source.fixed.map((value) => ({ value })),
        prefix,
        limit,
      );
    // A window that moves on is the same for as long as its values are kept.
    const span = [slotOf(since), until / BigInt(KEPT_MS * 1_000_000)].map(String);
    const key = JSON.stringify([field, ...span, seenBy]);
    let all = this.kept.get(key);
    if (all === undefined) {
      all = await look(store, source, { ...query, prefix: '', limit: MOST }, signal);
      this.kept.set(key, all);
    }
    if (all.length < MOST || prefix === '') return first(all, prefix, limit);
    return first(await look(store, source, { ...query, limit: limit + 1 }, signal), prefix, limit);
  }
}

function first(all: readonly Choice[], prefix: string, limit: number): Choices {
  const begun = prefix.toLowerCase();
  const found = all.filter(({ value }) => value.toLowerCase().startsWith(begun));
  return { values: found.slice(0, limit), more: found.length > limit };
}

async function look(
  store: Reader,
  { from, totals }: Source,
  query: CompletionQuery,
  signal: AbortSignal,
): Promise<readonly Choice[]> {
  if (totals !== undefined) {
    const found = await read(store, 'flow_totals', totals, query, signal);
    // Of flows that were stored before there were totals.
    if (found.length > 0) return found;
  }
  return read(store, 'flows', from, query, signal);
}

async function read(
  store: Reader,
  table: 'flows' | 'flow_totals',
  groups: readonly Grouped[],
  { prefix, limit, since, until }: CompletionQuery,
  signal: AbortSignal,
): Promise<readonly Choice[]> {
  const { where, params } =
    table === 'flows' ? rangeCondition('flows', { since, until }) : slots(since, until);
  const count = table === 'flows' ? 'count()' : 'sum(flows)';
  const parts = groups.map(({ columns, value }) => {
    const list = columns.join(', ');
    const grouped = `SELECT ${list}, ${count} AS n FROM ${table} WHERE ${where} GROUP BY ${list}`;
    return `SELECT arrayJoin(arrayDistinct(arrayFlatten([${value}]))) AS v, n FROM (${grouped})`;
  });
  const sql = `SELECT toString(v) AS value, sum(n) AS seen FROM (${parts.join(' UNION ALL ')})
    WHERE value != '' AND startsWith(lower(value), {prefix:String})
    GROUP BY value ORDER BY seen DESC, value LIMIT {most:UInt32}`;
  const choices: Choice[] = [];
  const all = { ...params, prefix: prefix.toLowerCase(), most: limit };
  for await (const [value, seen] of store.query(sql, all, { signal }))
    choices.push({ value: String(value), flows: Number(seen) });
  return choices;
}

/** Totals are of five-minute slots: those that the window touches. */
function slots(
  since: bigint,
  until: bigint,
): { readonly where: string; readonly params: QueryParams } {
  return {
    where: 'time_slot >= {sinceSlot:Int32} AND time_slot <= {untilSlot:Int32}',
    params: { sinceSlot: slotOf(since), untilSlot: slotOf(until) },
  };
}
