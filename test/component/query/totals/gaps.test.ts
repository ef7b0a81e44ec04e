// What answers about totals say where nothing was collected, and where the totals lack flows.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queryAggregates } from '../../../../src/query/totals/aggregates.ts';
import { queryCompare } from '../../../../src/query/totals/compare.ts';
import { totalsConfig } from '../../../../src/query/totals/config.ts';
import { previousWindow } from '../../../../src/query/totals/pairs.ts';
import { queryTimeseries } from '../../../../src/query/totals/timeseries.ts';
import { createTotalsWatermark } from '../../../../src/query/totals/totals-watermark.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { encodeRows } from '../../../../src/store/native/native-rows.ts';
import { COVERAGE_COLUMNS } from '../../../../src/store/schema/coverage-columns.ts';
import { untold } from '../../../engines/fill-totals.ts';
import { numberOf } from '../../../engines/stores.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

/** A whole hour, and a little more than two hours before now. */
const START_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;
const NOW = msToNs(START_MS + 7_200_000);
const at = (minute: number) => msToNs(START_MS + minute * 60_000);
const paging = { limit: 100, offset: 0, order: 'flows', connections: false } as const;
let stored: StoredCorpus;

/** A flow a minute of each cluster; east is collected 0–30 and 45–60, west throughout but silent 50–55. */
const REPORTED: Readonly<Record<string, (minute: number) => boolean>> = {
  east: (minute) => minute < 30 || minute >= 45,
  west: (minute) => minute < 20 || minute >= 40,
};
const QUIET = (minute: number) => minute >= 50 && minute < 55;

beforeAll(async () => {
  stored = await storedCorpus();
  for (const [cluster, reported] of Object.entries(REPORTED)) {
    const minutes = Array.from({ length: 60 }, (_, minute) => minute).filter(reported);
    await stored.insert(
      minutes
        .filter((minute) => !QUIET(minute))
        .map((minute) => ({
          flow: {
            uuid: `00000000-0000-4000-8000-${cluster === 'east' ? 'e' : 'f'}${String(minute).padStart(11, '0')}`,
            time: { seconds: BigInt(START_MS / 1000 + minute * 60 + 1), nanos: 0 },
            node_name: `${cluster}/n1`,
            verdict: 1,
            source: { cluster_name: cluster },
          },
        })),
      { cluster },
    );
    const rows = minutes.map((minute) => ({
      cluster,
      relay: cluster,
      received_at: BigInt(START_MS + minute * 60_000 + 59_000),
      uuid: new Uint8Array(16).fill(minute + 1),
      node: 'n1',
      minute: START_MS / 1000 + minute * 60,
      up_ms: 60_000,
      received: 1n,
    }));
    const block = encodeRows('coverage', COVERAGE_COLUMNS, rows);
    await stored.store.insert(block, { token: `coverage:${cluster}` });
  }
}, 60_000);
afterAll(() => stored.close());

const deps = () => ({
  config: totalsConfig.parse({}),
  watermark: createTotalsWatermark(stored.store),
  nowNanos: NOW,
});
const hour = { since: at(0), until: at(60) - 1n, whitelist: [], blacklist: [] };

describe('a series', () => {
  const query = { ...hour, measure: 'flows', series: 10, step: 300 } as const;

  test('has no number where nothing was collected, and 0 where nothing came', async () => {
    const { total, gaps, step, points } = await queryTimeseries(
      stored.store,
      { ...query, by: [] },
      deps(),
    );
    expect({ step, points }).toEqual({ step: 300, points: 12 });
    expect(total.points).toEqual([10, 10, 10, 10, 5, 5, null, null, 5, 10, 0, 10]);
    const text = (minute: number) => new Date(START_MS + minute * 60_000).toISOString();
    expect(gaps.map(({ since, until }) => [Date.parse(since), Date.parse(until)])).toEqual([
      [Date.parse(text(30)), Date.parse(text(40))],
    ]);
  });

  test('by cluster has none where that cluster was not collected', async () => {
    const found = await queryTimeseries(stored.store, { ...query, by: ['cluster'] }, deps());
    const of = (name: string) => found.series.find(({ values }) => values.cluster === name)?.points;
    expect(of('east')).toEqual([5, 5, 5, 5, 5, 5, null, null, null, 5, 0, 5]);
    expect(of('west')).toEqual([5, 5, 5, 5, null, null, null, null, 5, 5, 0, 5]);
  });

  test('ends where the present does', async () => {
    const later = { ...query, by: [], since: at(55), until: at(180) };
    const { total } = await queryTimeseries(stored.store, later, deps());
    expect(total.points[0]).toBe(10);
    expect(new Set(total.points.slice(1))).toEqual(new Set([null]));
  });
});

test('compare says which of both windows is not complete', async () => {
  const query = { of: ['cluster'], ratio: 2, least: 1, limit: 10, whitelist: [], blacklist: [] };
  const now = { since: at(20), until: at(40) - 1n };
  const found = await queryCompare(
    stored.store,
    { ...query, ...now, against: previousWindow(now) },
    deps(),
  );
  expect(found.gone.groups).toEqual([
    { values: { cluster: 'west' }, now: 0, before: 20, change: 0 },
  ]);
  expect(found.now).toMatchObject({ complete: false, collected: true, total: 10 });
  expect(found.now.says.join()).toContain('nothing was collected of cluster west');
  expect(found.before).toMatchObject({ complete: true, total: 40 });
  expect(found.notices).toEqual([
    'the window is not complete: what looks gone may not have been collected',
  ]);
});

test('top tells what each had before, also where each flow must be looked at', async () => {
  const now = { since: at(15), until: at(30) };
  const query = { ...now, by: ['cluster'], order: 'flows', limit: 10, compare: true } as const;
  const cel = { experimental: { cel_expression: ['size(_flow.node_name) > 2'] } };
  for (const whitelist of [[], [cel]]) {
    const top = await queryAggregates(
      stored.store,
      { ...paging, ...query, whitelist, blacklist: [] },
      deps(),
    );
    const told = top.groups.map(({ values, flows, before, change }) => [
      values.cluster,
      flows,
      before,
      change,
    ]);
    expect(told).toEqual([
      ['east', 15, 15, 1],
      ['west', 5, 15, 0.333],
    ]);
    expect(top.before).toMatchObject({ total: 30 });
  }
});

test('what flows call a cluster is asked of the flows where the totals are from before they had it', async () => {
  const named = {
    ...hour,
    ...paging,
    by: ['cluster'],
    whitelist: [{ source_cluster_name: ['east'] }],
  };
  const whole = await queryAggregates(stored.store, named, deps());
  expect(whole).toMatchObject({ source: 'totals', total: { flows: 40 } });
  await untold(stored.store);
  const plain = await queryAggregates(stored.store, named, deps());
  expect(plain).toEqual({ ...whole, source: 'flows' });
  const other = await queryAggregates(stored.store, { ...named, whitelist: [] }, deps());
  expect(other).toMatchObject({ source: 'totals' });
});

test('slots whose totals lack flows are counted from the flows', async () => {
  const query = { ...hour, ...paging, by: ['cluster', 'verdict'] };
  const whole = await queryAggregates(stored.store, query, deps());
  expect(whole.source).toBe('totals');
  const slot = at(20) / 300_000_000_000n;
  const { store } = stored;
  // As a store has it that was filled by an earlier version: nothing of the first slots, and a part of one.
  await store.command(
    "DELETE FROM flow_totals WHERE time_slot < {slot:Int32} OR (time_slot = {slot:Int32} AND cluster = 'east')",
    { slot },
  );
  const left = await numberOf(store, 'SELECT sum(flows) FROM flow_totals');
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(whole.total.flows);
  const mixed = await queryAggregates(store, query, deps());
  expect(mixed).toEqual(whole);
  const early = await queryAggregates(store, { ...query, until: at(20) - 1n }, deps());
  expect(early).toMatchObject({ source: 'flows', total: { flows: 40 } });
  // Flows are kept for a shorter time than totals.
  await store.command('DELETE FROM flows WHERE time_slot >= {slot:Int32} + 8', { slot });
  const kept = await queryAggregates(store, { ...query, since: at(40) }, deps());
  expect(kept.total.flows).toBe(30 - 5);
});
