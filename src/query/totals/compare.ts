// Compares two windows: groups that are new, gone or changed. The coverage of both windows is in the answer, because what
// was not collected is not gone.

import { parseDuration } from '../../hubble/filter/since.ts';
import { timeText } from '../../hubble/proto/timestamp.ts';
import { inputError } from '../../runtime/errors.ts';
import { DAY_MS, nsToMs } from '../../runtime/time.ts';
import { number } from '../../store/rows.ts';
import { param, type Sql, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { type Coverage, coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import type { Document } from '../request/document.ts';
import { parseTime } from '../request/fields.ts';
import { dimensionsNamed } from './dimensions.ts';
import { changeOf, type Pairs, pairedGroups, previousWindow } from './pairs.ts';
import { dimensionRows, listed, type TotalsDeps, type Window } from './rows.ts';
import type { compareOutput } from './schema.ts';
import { checkWindow, exactFilter, rate, type TotalsQuery } from './totals-query.ts';

/** What is compared, by name; any other dimensions can be. */
export const COMPARED = {
  edges: { by: ['client.cluster', 'client', 'server.cluster', 'server'], measure: 'flows' },
  workloads: { by: ['source', 'destination'], measure: 'flows' },
  denials: {
    by: ['client.cluster', 'client', 'server.cluster', 'server', 'port', 'drop-reason'],
    measure: 'denied',
  },
  policies: { by: ['cluster', 'policy', 'verdict'], measure: 'flows' },
  dns: { by: ['dns.query'], measure: 'flows' },
} as const satisfies Readonly<
  Record<string, { readonly by: readonly string[]; readonly measure: 'flows' | 'denied' }>
>;

export interface CompareQuery extends TotalsQuery {
  /** A name of COMPARED, or dimensions. */
  readonly of: readonly string[];
  readonly measure?: 'flows' | 'denied' | 'dropped' | 'audited' | undefined;
  /** The window compared with; the one right before when left out. */
  readonly against: Window;
  /** Factor, up or down, that is a change. */
  readonly ratio: number;
  /** Groups with less in both windows are neither new, gone nor changed. */
  readonly least: number;
  /** Groups of each kind in the answer. */
  readonly limit: number;
}

export type Comparison = Document<typeof compareOutput>;
/** `says` is its coverage in sentences. */
export type ComparedWindow = Comparison['now'];
type Differences = Comparison['new'];
/** `change` is a factor of rates; absent where there was nothing before. */
export type Difference = Differences['groups'][number];

/** Longest window of coverage that is read. */
const LEDGER_MS = 32 * DAY_MS;
const KINDS = ['new', 'gone', 'changed', 'same'] as const;

export async function queryCompare(
  store: Reader,
  query: CompareQuery,
  deps: TotalsDeps & { readonly nowNanos: bigint },
): Promise<Comparison> {
  checkWindow(query);
  checkWindow(query.against, 'against');
  const { by, measure } = comparedOf(query);
  const filter = exactFilter(query, 'a comparison');
  const dimensions = dimensionsNamed('of', by);
  const asked = { now: query, before: query.against, filter, dimensions, measure };
  const pairs = await pairedGroups(asked, deps);
  const kinds = KINDS.map((): { count: number; groups: Difference[] } => ({
    count: 0,
    groups: [],
  }));
  let [now, before] = [0, 0];
  const found = dimensionRows(store, kindsStatement(pairs, query), KIND, dimensions, deps.signal);
  for await (const { row, values } of found) {
    [now, before] = [row.allNow, row.allBefore];
    const of = kinds[row.kind];
    if (of === undefined) continue;
    of.count = row.count;
    const change = changeOf(row.now / secondsOf(query), row.before / secondsOf(query.against));
    of.groups.push({
      ...{ values, now: row.now, before: row.before },
      ...(change !== undefined && { change }),
    });
  }
  const covered = await coverageOfBoth(store, query, deps);
  const [fresh, gone, changed, same] = kinds;
  return {
    by,
    measure,
    source: pairs.source,
    now: windowOf(query, now, covered.now),
    before: windowOf(query.against, before, covered.before),
    new: fresh ?? NONE,
    gone: gone ?? NONE,
    changed: changed ?? NONE,
    same: same?.count ?? 0,
    notices: noticesOf(covered),
  };
}

const NONE: Differences = { count: 0, groups: [] };

function comparedOf({ of, measure }: CompareQuery) {
  const [name = ''] = of;
  const preset = of.length === 1 ? new Map(Object.entries(COMPARED)).get(name) : undefined;
  return preset === undefined
    ? { by: of, measure: measure ?? 'flows' }
    : { by: preset.by, measure: measure ?? preset.measure };
}

const KIND = {
  kind: number,
  now: number,
  before: number,
  count: number,
  allNow: number,
  allBefore: number,
};

/** A row a group, the first of each kind, with how many there are of it. */
function kindsStatement({ sql: pairs, names }: Pairs, query: CompareQuery): Sql {
  const least = param(query.least, 'Float64');
  const ratio = param(query.ratio, 'Float64');
  // Windows of different lengths are compared a second.
  const scale = param(secondsOf(query.against) / secondsOf(query), 'Float64');
  const kind = sql`multiIf(
    now < ${least} AND before < ${least}, 3,
    before = 0, 0,
    now = 0, 1,
    now * ${scale} >= before * ${ratio} OR now * ${scale} * ${ratio} <= before, 2,
    3)`;
  const counted = sql`SELECT ${listed(
    sql`kind, now, before, count() OVER (PARTITION BY kind) AS of_kind`,
    sql`sum(now) OVER () AS all_now, sum(before) OVER () AS all_before`,
    ...names,
  )} FROM (SELECT *, toUInt8(${kind}) AS kind FROM (${pairs}) WHERE now > 0 OR before > 0)`;
  return sql`SELECT * FROM (${counted})
    ORDER BY ${listed(sql`kind, abs(now * ${scale} - before) DESC`, ...names)}
    LIMIT ${param(query.limit, 'UInt32')} BY kind`;
}

function secondsOf({ since, until }: Window): number {
  return Number(until - since + 1n) / 1e9;
}

/** A cluster that is collected in one of the windows alone is a gap of the other, which does not know of it itself. */
async function coverageOfBoth(
  store: Reader,
  query: CompareQuery,
  { nowNanos, signal }: { readonly nowNanos: bigint; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly now: Coverage; readonly before: Coverage }> {
  const millis = (nanos: bigint) => Math.max(0, nsToMs(nanos));
  const of = ({ since, until }: Window, clusters?: readonly string[]) => {
    const untilMs = millis(until);
    const sinceMs = Math.max(0, untilMs - LEDGER_MS, millis(since));
    return coverageOf(store, { sinceMs, untilMs, clusters }, millis(nowNanos), signal);
  };
  const whole = async (window: Window, own: Coverage, other: Coverage) => {
    const all = new Set([...own.clusters.keys(), ...other.clusters.keys()]);
    return all.size === own.clusters.size ? own : of(window, [...all]);
  };
  const now = await of(query);
  const before = await of(query.against);
  return { now: await whole(query, now, before), before: await whole(query.against, before, now) };
}

function windowOf(window: Window, total: number, coverage: Coverage): ComparedWindow {
  const { complete, collected } = coverage;
  return {
    since: timeText(window.since),
    until: timeText(window.until),
    total,
    rate: rate(total, window),
    complete,
    collected,
    says: sentences(coverage),
  };
}

function noticesOf({ now, before }: { readonly now: Coverage; readonly before: Coverage }) {
  const of = ({ collected, complete }: Coverage, which: string, looks: string) => {
    if (complete) return [];
    const why = collected
      ? `${which} is not complete`
      : `nothing is known of what was collected in ${which}`;
    return [`${why}: what looks ${looks} may not have been collected`];
  };
  return [...of(now, 'the window', 'gone'), ...of(before, 'the window compared with', 'new')];
}

/**
 * The window that `against` names: `previous`; how much earlier, as `24h` or `24h-ago`; or `SINCE/UNTIL`. Throws
 * `input/invalid`.
 */
export function againstOf(text: string, now: Window, nowNanos: bigint): Window {
  if (text === '' || text === 'previous') return previousWindow(now);
  const [since, until, more] = text.split('/');
  if (until !== undefined && more === undefined) {
    const from = parseTime('against', since, nowNanos);
    const to = parseTime('against', until, nowNanos);
    if (from !== undefined && to !== undefined) return { since: from, until: to };
  }
  const shift = parseDuration(text.replace(/-ago$/, ''));
  if (shift === undefined || shift <= 0n)
    throw inputError(
      `against: ${JSON.stringify(text.slice(0, 100))} is no window; write previous, how much earlier (24h, 7d-ago), or SINCE/UNTIL`,
      { field: 'against' },
    );
  return { since: now.since - shift, until: now.until - shift };
}
