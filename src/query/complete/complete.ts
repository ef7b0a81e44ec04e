// Values to choose from while a filter is being typed: those seen in a window, the most frequent first. A field's values
// are read once and cached for some seconds, since a console sends a request for every letter.
import { LRUCache } from 'lru-cache';
import { inputError } from '../../runtime/errors.ts';
import { allRows, number, text } from '../../store/rows.ts';
import { join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, slotOf } from '../read/range.ts';
import { COMPLETED, type Grouped, type Source } from './fields.ts';

export interface Choice {
  readonly value: string;
  /** Flows in the window that have it; absent of values that are always the same. */
  readonly flows?: number;
}

export interface Choices {
  readonly values: readonly Choice[];
  /** There are more. */
  readonly more: boolean;
}

export interface CompletionQuery {
  readonly field: string;
  readonly prefix: string;
  readonly limit: number;
  readonly since: bigint;
  readonly until: bigint;
}

/** Cached values of one field; where there are more, the store is read with the prefix each time. */
const MOST = 10_000;
const CACHED_MS = 15_000;
const CACHED_FIELDS = 200;

export class Completions {
  private readonly cached = new LRUCache<string, readonly Choice[]>({
    max: CACHED_FIELDS,
    ttl: CACHED_MS,
  });

  /** Callers of the same `scope` share cached values. Throws `input/invalid` for an unknown field. */
  async complete(
    store: Reader,
    query: CompletionQuery,
    scope: string,
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
    // A moving window is the same for as long as its values are cached.
    const span = [slotOf(since), until / BigInt(CACHED_MS * 1_000_000)].map(String);
    const key = JSON.stringify([field, ...span, scope]);
    let all = this.cached.get(key);
    if (all === undefined) {
      all = await look(store, source, { ...query, prefix: '', limit: MOST }, signal);
      this.cached.set(key, all);
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
  name: 'flows' | 'flow_totals',
  groups: readonly Grouped[],
  { prefix, limit, since, until }: CompletionQuery,
  signal: AbortSignal,
): Promise<readonly Choice[]> {
  const within =
    name === 'flows' ? inRange('flows', { since, until }) : inSlots(slotOf(since), slotOf(until));
  const count = name === 'flows' ? sql`count()` : sql`sum(flows)`;
  const parts = groups.map(({ columns, value }) => {
    const list = join(columns, sql`, `);
    const grouped = sql`SELECT ${list}, ${count} AS n FROM ${table(name)} WHERE ${within} GROUP BY ${list}`;
    return sql`SELECT arrayJoin(arrayDistinct(arrayFlatten([${value}]))) AS v, n FROM (${grouped})`;
  });
  const statement = sql`SELECT toString(v) AS value, sum(n) AS seen FROM (${join(parts, sql` UNION ALL `)})
    WHERE value != '' AND startsWith(lower(value), ${param(prefix.toLowerCase(), 'String')})
    GROUP BY value ORDER BY seen DESC, value LIMIT ${param(limit, 'UInt32')}`;
  return allRows(store, statement, { value: text, flows: number }, { signal });
}

/** Totals are of five-minute slots: those that overlap the window. */
function inSlots(first: bigint, last: bigint): Sql {
  return sql`time_slot >= ${param(first, 'Int32')} AND time_slot <= ${param(last, 'Int32')}`;
}
