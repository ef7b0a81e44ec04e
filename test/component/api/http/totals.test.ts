// The routes about totals: by GET and POST, within their schemas, within a scope, and within their limits.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { TOP } from '../../../../src/cli/totals/top.ts';
import { scopedStore } from '../../../../src/query/read/scope.ts';
import { queryAggregates } from '../../../../src/query/totals/aggregates.ts';
import { totalsConfig } from '../../../../src/query/totals/config.ts';
import { queryMap } from '../../../../src/query/totals/map.ts';
import {
  aggregatesOutput,
  compareOutput,
  mapOutput,
  policiesOutput,
  timeseriesOutput,
  topOutput,
} from '../../../../src/query/totals/schema.ts';
import { queryTimeseries } from '../../../../src/query/totals/timeseries.ts';
import { createTotalsWatermark } from '../../../../src/query/totals/totals-watermark.ts';
import { HOUR_NS, nsToMs } from '../../../../src/runtime/time.ts';
import { httpServing } from '../../../support/api/serving.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';
import { call } from '../../../support/query/totals-run.ts';
import { STORY_ENDS, tellStory } from '../../../support/query/totals-story.ts';

const NOW_MS = nsToMs(STORY_ENDS);
const clock = { now: () => NOW_MS, sleep: async () => {} };
const never = new AbortController().signal;
const window = { since: STORY_ENDS - HOUR_NS, until: STORY_ENDS };
const every = { ...window, whitelist: [], blacklist: [] };
let stored: StoredCorpus;
let url: string;

beforeAll(async () => {
  const told = await tellStory();
  stored = await storedCorpus();
  await tellStore(stored, told);
  ({ url } = await httpServing(stored.store, { clock }));
}, 60_000);
afterAll(() => stored.close());

async function get(path: string) {
  const response = await fetch(`${url}/api/v1/${path}`);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function post(path: string, body: object) {
  const response = await fetch(`${url}/api/v1/${path}:query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const ROUTES: readonly [string, Record<string, string>, z.ZodObject][] = [
  ['aggregates', { by: 'source.workload,verdict', limit: '3' }, aggregatesOutput],
  ['aggregates', { by: 'verdict', connections: 'true', order: 'connections' }, aggregatesOutput],
  ['top', { by: 'client', compare: 'true', verdict: 'DROPPED' }, topOutput],
  ['timeseries', { by: 'cluster', step: '10', since: '90s', series: '1' }, timeseriesOutput],
  ['map', { level: 'namespace', limit: '2' }, mapOutput],
  ['policies', {}, policiesOutput],
  ['compare', { of: 'denials', against: '24h', least: '1', ratio: '1.5' }, compareOutput],
];

test.each(ROUTES)('%s %j by GET and POST, as its schema says', async (path, fields, output) => {
  const found = await get(`${path}?${new URLSearchParams(fields)}`);
  expect(found).toMatchObject({ status: 200 });
  const { coverage, cost, ...document } = found.body;
  expect(output.parse(document)).toEqual(document);
  expect(coverage).toMatchObject({ complete: false, text: expect.any(String) });
  expect(cost).toMatchObject({ queries: expect.any(Number), rows: expect.any(Number) });
  const posted = await post(path, fields);
  expect({ ...posted.body, cost: 0 }).toEqual({ ...found.body, cost: 0 });
});

test('filters by the names of flags and as FlowFilters are the same', async () => {
  const named = await get('aggregates?by=client&verdict=DROPPED&to-namespace=farfaraway');
  const json = await post('aggregates', {
    by: ['client'],
    whitelist: [{ verdict: ['DROPPED'], destination_pod: ['farfaraway/'] }],
  });
  expect(named.body.total.flows).toBeGreaterThan(0);
  expect(json.body.groups).toEqual(named.body.groups);
});

test.each([
  ['aggregates?by=colour', 'by', '"colour" is no dimension'],
  ['aggregates', 'by', ''],
  ['aggregates?by=verdict&order=size', 'order', ''],
  ['aggregates?by=verdict&limit=0', 'limit', ''],
  ['top?by=source,destination,verdict', 'by', '3 dimensions are more than 2'],
  ['top?by=source&compare=true&order=connections', 'compare', 'cannot be compared'],
  ['timeseries?since=24h&step=1', 'step', 'make 8640'],
  ['timeseries?since=x', 'since', 'is no time'],
  ['map?level=planet', 'level', ''],
  ['map?http-path=x', 'whitelist', 'a map cannot be filtered by http_path'],
  ['compare?against=never', 'against', 'is no window'],
  ['policies?colour=red', 'colour', 'unknown parameter'],
])('refused: %s', async (path, field, why) => {
  const { status, body } = await get(path);
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: 'input/invalid', field, detail: expect.stringContaining(why) },
  });
});

test('the command asks the server, and says what the answer does not cover', async () => {
  const args = ['client.cluster', '--verdict', 'DROPPED', '--server', url];
  const { exit, out, err } = await call(TOP, args, { nowMs: NOW_MS });
  expect(exit).toBe(0);
  expect(out).toMatch(/^CLIENT.CLUSTER +FLOWS .*\nliz-cm-/);
  expect(err).toContain('nothing was collected in that window');
});

describe('a scope', () => {
  const deps = () => ({
    config: totalsConfig.parse({}),
    watermark: createTotalsWatermark(stored.store),
    signal: never,
  });
  const paging = { limit: 1000, offset: 0, order: 'flows', connections: false } as const;

  test('is in every count, whichever table it comes from', async () => {
    const only = scopedStore(stored.store, { clusters: ['liz-cm-eks-6'] });
    for (const by of [['cluster'], ['cluster', 'source.pod']]) {
      const found = await queryAggregates(only, { ...every, ...paging, by }, deps());
      expect(new Set(found.groups.map(({ values }) => values.cluster))).toEqual(
        new Set(['liz-cm-eks-6']),
      );
      const all = await queryAggregates(stored.store, { ...every, ...paging, by }, deps());
      expect(found.total.flows).toBeLessThan(all.total.flows);
    }
    const map = await queryMap(only, { ...every, level: 'workload', limit: 100 }, deps());
    expect(new Set(map.edges.flatMap(({ clusters }) => clusters))).toEqual(
      new Set(['liz-cm-eks-6']),
    );
    const nobody = scopedStore(stored.store, { namespaces: [] });
    const none = await queryMap(nobody, { ...every, level: 'workload', limit: 100 }, deps());
    expect(none).toMatchObject({ nodes: [], edges: [], flows: 0 });
  });
});

describe('limits', () => {
  const limited = (settings: object) => ({
    config: totalsConfig.parse(settings),
    watermark: createTotalsWatermark(stored.store),
    nowNanos: STORY_ENDS,
  });
  const paging = { limit: 1000, offset: 0, order: 'flows', connections: false } as const;

  test('more groups than may be counted are refused', async () => {
    const query = { ...every, ...paging, by: ['source.ip', 'source.port', 'destination.port'] };
    await expect(
      queryAggregates(stored.store, query, limited({ maxCounted: 100 })),
    ).rejects.toMatchObject({ code: 'store/limit' });
  });

  test('more flows than may be looked at one by one are refused', async () => {
    const filter = { experimental: { cel_expression: ['size(_flow.source.labels) >= 0'] } };
    const query = { ...every, ...paging, whitelist: [filter], by: ['verdict'] };
    await expect(
      queryAggregates(stored.store, query, limited({ maxPredicateFiltered: 50 })),
    ).rejects.toMatchObject({ code: 'store/limit' });
    const found = await queryAggregates(stored.store, query, limited({}));
    const plain = await queryAggregates(stored.store, { ...query, whitelist: [] }, limited({}));
    expect(found.groups).toEqual(plain.groups);
  });

  test('series and points are bounded', async () => {
    const query = { ...every, by: ['source.port'], measure: 'flows', series: 1000 } as const;
    const { series, other, total } = await queryTimeseries(
      stored.store,
      query,
      limited({ maxSeries: 2, maxPoints: 50 }),
    );
    expect(series).toHaveLength(2);
    expect(total.points.length).toBeLessThanOrEqual(50);
    const sums = series.reduce((sum, each) => sum + each.sum, other?.sum ?? 0);
    expect(sums).toBe(total.sum);
  });

  test('pages meet, and one behind the end has the sums', async () => {
    const by = ['client', 'server', 'port'];
    const deps = limited({});
    const all = await queryAggregates(stored.store, { ...every, ...paging, by }, deps);
    const page = await queryAggregates(
      stored.store,
      { ...every, ...paging, by, limit: 2, offset: 1 },
      deps,
    );
    expect(page.groups).toEqual(all.groups.slice(1, 3));
    expect(page.other.flows).toBe(
      all.total.flows - page.groups.reduce((sum, { flows }) => sum + flows, 0),
    );
    const behind = await queryAggregates(
      stored.store,
      { ...every, ...paging, by, offset: 5000 },
      deps,
    );
    expect(behind).toMatchObject({ groups: [], count: all.count, total: all.total });
  });
});
