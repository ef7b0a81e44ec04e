// Counted from totals, from flows, and one flow after the other: the same, whatever the window, filters and dimensions.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import type { FlowFilter, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { slotBounds, slotOf } from '../../../../src/query/read/range.ts';
import { restoreFlow } from '../../../../src/query/read/restore/flow.ts';
import { restoreSelect } from '../../../../src/query/read/restore/select.ts';
import { compileSql } from '../../../../src/query/sql/compile.ts';
import { type Aggregates, queryAggregates } from '../../../../src/query/totals/aggregates.ts';
import { totalsConfig } from '../../../../src/query/totals/config.ts';
import { allDimensions, type Dimension } from '../../../../src/query/totals/dimensions.ts';
import { withNames } from '../../../../src/query/totals/expressions.ts';
import { totalsCanFilter } from '../../../../src/query/totals/filter-columns.ts';
import { queryMap } from '../../../../src/query/totals/map.ts';
import { listed, type Window } from '../../../../src/query/totals/rows.ts';
import { queryTimeseries } from '../../../../src/query/totals/timeseries.ts';
import {
  createTotalsWatermark,
  type TotalsWatermark,
} from '../../../../src/query/totals/totals-watermark.ts';
import { constant, sql, table } from '../../../../src/store/sql.ts';
import { TOTAL_KEYS, TOTALS_OF_FLOWS } from '../../../engines/fill-totals.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { tameResponses } from '../../../support/enrich/responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { filtersOf } from '../../../support/query/filters.ts';
import { cellsOf, marksOf } from '../../../support/query/of-flow.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

interface StoredFlow {
  readonly response: GetFlowsResponse;
  readonly time: bigint;
  readonly raw: boolean;
  readonly cells: Readonly<Record<string, string | number>>;
}

const never = async (_: bigint, to: bigint) => to + 1n;
const NEVER: TotalsWatermark = { since: never, reportedSince: never };
const config = totalsConfig.parse({});
const DIMENSIONS = [...allDimensions()];
const IN_TOTALS = DIMENSIONS.filter(({ keys }) => keys.every(({ totals }) => totals !== undefined));
let stored: StoredCorpus;
let flows: StoredFlow[];
let slots: bigint[];

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  await stored.insert(await corpus('odd.jsonl'));
  await stored.insert(fixtureLines('captured/flows').map(responseFromJson));
  await stored.insert(tameResponses(300, 7));
  const shown = DIMENSIONS.map(({ keys, shown }) => shown(...keys.map((key) => key.flows)));
  const rows = await rowsOf(
    stored.store,
    withNames(
      sql`SELECT toUnixTimestamp64Nano(time), raw != '', ${listed(...shown, restoreSelect())} FROM ${table('flows')}`,
    ),
  );
  flows = rows.map((row) => ({
    time: BigInt(String(row[0])),
    raw: Number(row[1]) === 1,
    cells: Object.fromEntries(
      DIMENSIONS.map(({ name, print }, index) => [name, print(row[index + 2])]),
    ),
    response: restoreFlow(row, 2 + DIMENSIONS.length),
  }));
  slots = [...new Set(flows.map(({ time }) => slotOf(time)))].sort((a, b) => (a < b ? -1 : 1));
}, 60_000);
afterAll(() => stored.close());

/** Between slots that have flows, at their edges or somewhere within. */
const moments = () =>
  fc
    .tuple(fc.constantFrom(...slots), fc.constantFrom('first', 'last', 'within'), fc.nat(299_999))
    .map(([slot, where, ms]) => {
      const { first, last } = slotBounds(slot);
      return where === 'first' ? first : where === 'last' ? last : first + BigInt(ms) * 1_000_001n;
    });
const windows = () =>
  fc
    .tuple(moments(), moments())
    .map(([a, b]): Window => (a < b ? { since: a, until: b } : { since: b, until: a }));

/** Filters that `flow_totals` can be asked with. */
const simple = () => {
  const list = <T>(values: readonly T[]) =>
    fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
  const ends = flows.flatMap(({ response: { flow } }) => [
    flow?.source ?? {},
    flow?.destination ?? {},
  ]);
  const namespaces = ends.map(({ namespace }) => `${namespace ?? 'x'}/`);
  const clusters = ends.map(({ cluster_name }) => cluster_name ?? 'x');
  const workloads = ends.flatMap((end) => end.workloads ?? []);
  const named = fc.oneof(
    fc.constantFrom(...workloads),
    fc.constantFrom(...workloads).map(({ name = 'x' }) => ({ name })),
  );
  return fc.record(
    {
      verdict: list([1, 2, 4, 5]),
      traffic_direction: list([0, 1, 2]),
      drop_reason_desc: list([133, 181, 0]),
      protocol: list(['tcp', 'udp', 'icmp', 'sctp']),
      source_pod: list(namespaces),
      destination_pod: list(namespaces),
      source_cluster_name: list(clusters),
      destination_cluster_name: list([...clusters, 'liz-*']),
      source_workload: fc.array(named, { minLength: 1, maxLength: 2 }),
      destination_workload: fc.array(named, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
};

function countedHere(
  dimensions: readonly string[],
  window: Window,
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): Map<string, number> {
  const wants = compilePredicate(whitelist, blacklist);
  const counts = new Map<string, number>();
  for (const { time, response, cells } of flows) {
    if (time < window.since || time > window.until || !wants(response)) continue;
    const key = JSON.stringify(dimensions.map((name) => cells[name]));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function countsOf({ by, groups }: Aggregates): Map<string, number> {
  return new Map(
    groups.map(({ values, flows: count }) => [
      JSON.stringify(by.map((name) => values[name])),
      count,
    ]),
  );
}

const sorted = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort(([a], [b]) => (a < b ? -1 : 1));

test('from totals as from flows, and as one flow after the other', async () => {
  expect(slots.length).toBeGreaterThan(10);
  const watermark = createTotalsWatermark(stored.store);
  const all = flows.flatMap(({ response: { flow } }) => (flow ? [flow] : []));
  const filter = fc.oneof(
    { weight: 3, arbitrary: simple() },
    { weight: 1, arbitrary: filtersOf(all) },
  );
  const lists = fc.tuple(fc.array(filter, { maxLength: 2 }), fc.array(filter, { maxLength: 1 }));
  const dimensions = fc.oneof(
    { weight: 3, arbitrary: fc.subarray(IN_TOTALS, { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.subarray(DIMENSIONS, { maxLength: 5 }) },
  );
  const seen = { totals: 0, flows: 0, something: 0 };
  await fc.assert(
    fc.asyncProperty(
      windows(),
      lists,
      dimensions,
      async (window, [whitelist, blacklist], chosen) => {
        try {
          compilePredicate(whitelist, blacklist);
        } catch {
          return;
        }
        const by = chosen.map(({ name }: Dimension) => name);
        const paging = { limit: 1_000_000, offset: 0, order: 'flows', connections: false } as const;
        const query = { ...window, whitelist, blacklist, by, ...paging };
        const found = await queryAggregates(stored.store, query, { config, watermark });
        const plain = await queryAggregates(stored.store, query, { config, watermark: NEVER });
        expect(plain.source).toBe('flows');
        expect({ ...found, source: '' }).toEqual({ ...plain, source: '' });
        seen[found.source]++;
        if (found.total.flows > 0) seen.something++;
        const here = countedHere(by, window, whitelist, blacklist);
        // What the columns cannot hold is judged by the predicate there, and by the columns here.
        if (!flows.some(({ raw, time }) => raw && time >= window.since && time <= window.until))
          expect(sorted(countsOf(found)).filter(([, count]) => count > 0)).toEqual(sorted(here));
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 120_000 },
  );
  expect(seen.totals).toBeGreaterThan(50);
  expect(seen.flows).toBeGreaterThan(20);
  expect(seen.something).toBeGreaterThan(50);
}, 180_000);

test('steps of a series and edges of a map too', async () => {
  const watermark = createTotalsWatermark(stored.store);
  const deps = { config, nowNanos: (slots.at(-1) ?? 0n) * 300_000_000_000n };
  const [first = 0n, last = 0n] = [slots[0], slots.at(-1)];
  const whole = { since: slotBounds(first).first + 17n, until: slotBounds(last).last - 12_345n };
  const ends = flows.filter(({ time }) => time > 0n).map(({ time }) => time);
  const hours = ends.map((time) => ({
    since: time - 1_800_000_000_001n,
    until: time + 1_800_000_000_000n,
  }));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constant(whole), fc.constantFrom(...hours)),
      fc.constantFrom('cluster', 'namespace', 'workload'),
      fc.constantFrom(60, 300, 900, 3600, undefined),
      async (window, level, step) => {
        const query = { ...window, whitelist: [], blacklist: [] };
        const map = { ...query, level, limit: 10_000 } as const;
        const fromTotals = await queryMap(stored.store, map, { ...deps, watermark });
        const fromFlows = await queryMap(stored.store, map, { ...deps, watermark: NEVER });
        expect({ ...fromTotals, counted: '' }).toEqual({ ...fromFlows, counted: '' });
        const long = window === whole && step !== undefined;
        const series = { ...query, by: ['verdict'], measure: 'flows', series: 3 } as const;
        const asked = { ...series, step: long ? undefined : step };
        const stepped = await queryTimeseries(stored.store, asked, { ...deps, watermark });
        const plain = await queryTimeseries(stored.store, asked, { ...deps, watermark: NEVER });
        expect({ ...stepped, source: '' }).toEqual({ ...plain, source: '' });
        expect(stepped.total.sum).toBe(
          stepped.total.points.reduce<number>((sum, point) => sum + (point ?? 0), 0),
        );
      },
    ),
    { numRuns: 40, interruptAfterTimeLimit: 60_000 },
  );
}, 120_000);

test('what the writer counted is what the flows have, as SQL derives it', async () => {
  const order = 'GROUP BY ALL ORDER BY ALL';
  const written = await rowsOf(
    stored.store,
    `SELECT ${TOTAL_KEYS.join(', ')}, sum(flows) FROM flow_totals ${order}`,
  );
  const derived = await rowsOf(
    stored.store,
    withNames(
      sql`SELECT ${listed(...TOTALS_OF_FLOWS)}, count() FROM ${table('flows')} ${constant(order)}`,
    ),
  );
  expect(written.length).toBeGreaterThan(500);
  expect(written).toEqual(derived);
});

test('which filters the totals can be asked with', () => {
  const can = (filter: FlowFilter) => totalsCanFilter(compileSql([filter], []));
  expect(can({ verdict: [2], source_pod: ['shop/'], protocol: ['tcp'] })).toBe(true);
  expect(can({ drop_reason_desc: [133], traffic_direction: [1] })).toBe(true);
  expect(can({ source_pod: ['/'] })).toBe(false);
  expect(can({ source_pod: ['shop/web'] })).toBe(false);
  expect(can({ source_cluster_name: ['a'], destination_cluster_name: ['b-*'] })).toBe(true);
  expect(can({ source_workload: [{ kind: 'Deployment', name: 'a' }] })).toBe(true);
  expect(can({ source_label: ['a=b'] })).toBe(false);
  expect(can({ http_path: ['a'] })).toBe(false);
  expect(can({ protocol: ['http'] })).toBe(false);
});

test('the cells of a flow are those that SQL derives from its row', () => {
  // What enrichment learned of an end is in the row alone.
  const learned = /\.(cluster|node|zone|workload)$|^(cluster|node)$/;
  const best = /^(source|destination|client|server)$/;
  const compared = DIMENSIONS.filter(({ name }) => !learned.test(name) && !best.test(name));
  for (const { response, cells, raw } of flows) {
    if (raw || response.flow === undefined) continue;
    const own = cellsOf(response, compared, () => undefined);
    const row = compared.map(({ name }) => cells[name]);
    expect(own).toEqual(row);
  }
  const denied = flows.filter(({ response }) => marksOf(response).denied === 1);
  expect(denied.length).toBeGreaterThan(0);
});
