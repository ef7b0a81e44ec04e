// The story through totals: the map has the call between two clusters with what each side saw, and the policies seen
// are not blamed for what they allowed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGGREGATE } from '../../../../src/cli/totals/aggregate.ts';
import { COMPARE } from '../../../../src/cli/totals/compare.ts';
import { MAP } from '../../../../src/cli/totals/map.ts';
import { POLICIES } from '../../../../src/cli/totals/policies.ts';
import { TIMESERIES } from '../../../../src/cli/totals/timeseries.ts';
import { TOP } from '../../../../src/cli/totals/top.ts';
import { workloadOfPodName } from '../../../../src/enrich/inventory/workloads.ts';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import type { Aggregates } from '../../../../src/query/totals/aggregates.ts';
import type { Comparison } from '../../../../src/query/totals/compare.ts';
import { dimensionsNamed } from '../../../../src/query/totals/dimensions.ts';
import type { ServiceMap } from '../../../../src/query/totals/map.ts';
import type { Policies } from '../../../../src/query/totals/policies.ts';
import { nsToMs } from '../../../../src/runtime/time.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { cellsOf, marksOf } from '../../../support/query/of-flow.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';
import { call } from '../../../support/query/totals-run.ts';
import { STORY_ENDS, tellStory } from '../../../support/query/totals-story.ts';

const XWING = 'farfaraway/Deployment/xwing';
let stored: StoredCorpus;
let told: GetFlowsResponse[];
let place: { readonly env: Record<string, string>; readonly nowMs: number };

beforeAll(async () => {
  told = await tellStory();
  stored = await storedCorpus();
  await tellStore(stored, told);
  // The commands open the directory themselves.
  await stored.store.stop(AbortSignal.timeout(10_000));
  place = {
    env: { PARALLAX_DATA_DIR: stored.directory },
    nowMs: nsToMs(STORY_ENDS),
  };
}, 60_000);
afterAll(() => stored.close());

const json = async <T>(run: Promise<{ exit: number; out: string; err: string }>): Promise<T> => {
  const { exit, out, err } = await run;
  expect({ exit, err }).toEqual({ exit: 0, err: expect.any(String) });
  return JSON.parse(out);
};

describe('map', () => {
  test('the call between the clusters is forwarded at its source and dropped at its destination', async () => {
    const map: ServiceMap = await json(call(MAP, ['-o', 'json'], place));
    const edge = map.edges.find(
      ({ client, crossCluster }) => crossCluster && client === `liz-cm-gke-5:${XWING}`,
    );
    expect(edge).toMatchObject({
      client: `liz-cm-gke-5:${XWING}`,
      server: 'liz-cm-eks-6:farfaraway/Deployment/rebel-base',
      crossCluster: true,
      clusters: ['liz-cm-eks-6', 'liz-cm-gke-5'],
      protocols: ['TCP'],
      ports: [{ port: 80, protocol: 'TCP' }],
      portCount: 1,
      source: {
        clusters: ['liz-cm-gke-5'],
        verdicts: { FORWARDED: expect.any(Number) },
        drops: {},
      },
      destination: {
        clusters: ['liz-cm-eks-6'],
        verdicts: { DROPPED: expect.any(Number) },
        drops: { POLICY_DENIED: expect.any(Number) },
      },
    });
    expect(edge?.source?.verdicts.DROPPED).toBeUndefined();
    expect(edge?.denied).toBe(edge?.destination?.drops.POLICY_DENIED);
    const known = new Set(map.nodes.map(({ id }) => id));
    for (const { client, server } of map.edges)
      expect([known.has(client), known.has(server)]).toEqual([true, true]);
    const sum = map.edges.reduce((flows, each) => flows + each.flows, 0);
    expect(map.flows).toBe(sum);
  });

  test('as a table, and by cluster', async () => {
    const { out } = await call(MAP, ['--verdict', 'DROPPED', '--verdict', 'FORWARDED'], place);
    expect(out).toMatch(
      /farfaraway\/Deployment\/xwing \(liz-cm-gke-5\) +farfaraway\/Deployment\/rebel-base \(liz-cm-eks-6\) +TCP:80 +\d+ +\d+ +FORWARDED x\d+ +DROPPED x\d+ +yes/,
    );
    const { nodes, edges }: ServiceMap = await json(
      call(MAP, ['--level', 'cluster', '-o', 'json'], place),
    );
    expect(nodes.map(({ cluster }) => cluster)).toEqual(
      expect.arrayContaining(['liz-cm-eks-6', 'liz-cm-gke-5']),
    );
    expect(edges.find(({ crossCluster }) => crossCluster)).toMatchObject({
      client: expect.stringMatching(/^liz-cm-/),
      server: expect.stringMatching(/^liz-cm-/),
    });
  });

  test('what is left out is said', async () => {
    const all: ServiceMap = await json(call(MAP, ['-o', 'json'], place));
    const cut: ServiceMap = await json(call(MAP, ['-o', 'json', '--limit', '2'], place));
    expect(cut.edges).toEqual(all.edges.slice(0, 2));
    expect(cut.cut.edges).toBe(all.edges.length - 2);
    expect(cut.cut.flows + cut.edges.reduce((sum, { flows }) => sum + flows, 0)).toBe(all.flows);
    const { out } = await call(MAP, ['--limit', '2'], place);
    expect(out).toContain(`; ${cut.cut.edges} edges with ${cut.cut.flows} flows are not shown`);
  });
});

test('top: the busiest of what was denied, and both places to ask', async () => {
  const args = ['client.cluster', 'server.cluster', '--verdict', 'DROPPED', '--order', 'denied'];
  const top: Aggregates = await json(call(TOP, [...args, '-n', '1', '-o', 'json'], place));
  expect(top.groups).toHaveLength(1);
  expect(top.total.denied).toBe(
    told.filter(({ flow }) => flow?.verdict === 2 && flow.drop_reason_desc === 133).length,
  );
  expect(top.other.denied + (top.groups[0]?.denied ?? 0)).toBe(top.total.denied);
  const { out } = await call(TOP, [...args, '--compare'], place);
  expect(out).toMatch(/^CLIENT.CLUSTER +SERVER.CLUSTER +FLOWS .* BEFORE +CHANGE\n/);
  expect(out).toMatch(/liz-cm-gke-5 +liz-cm-eks-6 .* 0 +new\n/);
});

test('timeseries: a column of blocks, and a row a point', async () => {
  const { out } = await call(TIMESERIES, ['verdict', '--step', '10s', '--since', '90s'], place);
  expect(out).toMatch(/^VERDICT +FLOWS +LEAST +MOST +OVER TIME\n/);
  expect(out).toMatch(/DROPPED .*\|[ ▁-█]+\|/);
  const csv = await call(TIMESERIES, ['--step', '30s', '--since', '90s', '-o', 'csv'], place);
  const rows = csv.out.trim().split('\r\n');
  expect(rows[0]).toBe('time,flows');
  const sum = rows.slice(1).reduce((all, row) => all + Number(row.split(',')[1]), 0);
  const { out: all } = await call(
    AGGREGATE,
    ['--aggregate-by', 'cluster', '--since', '90s', '-o', 'json'],
    place,
  );
  expect(sum).toBe(JSON.parse(all).total.flows);
});

test('policies: who allowed the source’s side did not deny it', async () => {
  const { policies, unnamed }: Policies = await json(call(POLICIES, ['-o', 'json'], place));
  const flows = told.flatMap(({ flow }) => (flow ? [flow] : []));
  const dropped = flows.filter(({ verdict }) => verdict === 2);
  const named = (list: 'egress_denied_by' | 'ingress_denied_by') =>
    dropped.filter((flow) => (flow[list] ?? []).length > 0).length;
  const denied = policies.reduce((sum, each) => sum + each.denied, 0);
  expect(denied).toBe(named('egress_denied_by') + named('ingress_denied_by'));
  expect(unnamed.map(({ cluster }) => cluster)).toContain('liz-cm-eks-6');
  expect(policies.length).toBeGreaterThan(0);
  expect(policies.every(({ name, lastSeen }) => name !== '' && lastSeen > '2')).toBe(true);
});

test('compare: with the time before the story everything is new, and that nothing was collected then is said', async () => {
  const args = ['denials', '--since', '90s', '--least', '1'];
  const found: Comparison = await json(call(COMPARE, [...args, '-o', 'json'], place));
  expect(found.gone.count + found.changed.count).toBe(0);
  expect(found.new.groups[0]).toMatchObject({
    before: 0,
    values: { 'drop-reason': 'POLICY_DENIED' },
  });
  expect(found.notices).toContain(
    'nothing is known of what was collected in the window compared with: what looks new may not have been collected',
  );
  const { out } = await call(COMPARE, args, place);
  expect(out).toMatch(/^STATUS +CLIENT.CLUSTER +CLIENT .*\nnew +liz-cm-/);
  const turned: Comparison = await json(
    call(
      COMPARE,
      [
        'denials',
        '--since',
        '1h',
        '--until',
        '10m',
        '--against',
        '2026-03-14/2026-03-15',
        '--least',
        '1',
        '-o',
        'json',
      ],
      place,
    ),
  );
  expect(turned.before.since).toBe('2026-03-14T00:00:00Z');
});

test('aggregates are those of the flows counted one by one', async () => {
  const by = ['source', 'destination', 'verdict'];
  const args = ['--aggregate-by', by.join(','), '-o', 'json'];
  const { groups }: Aggregates = await json(call(AGGREGATE, args, place));
  const counts = new Map<string, { flows: number; denied: number; dropped: number }>();
  for (const response of told) {
    if (response.flow === undefined) continue;
    const key = JSON.stringify(cellsOf(response, dimensionsNamed('by', by), workloadOfPodName));
    const { flows = 0, denied = 0, dropped = 0 } = counts.get(key) ?? {};
    const marks = marksOf(response);
    const sum = { denied: denied + marks.denied, dropped: dropped + marks.dropped };
    counts.set(key, { flows: flows + 1, ...sum });
  }
  const answered = groups.map(({ values, flows, denied, dropped }) => [
    JSON.stringify(by.map((name) => values[name])),
    { flows, denied, dropped },
  ]);
  expect(Object.fromEntries(answered)).toEqual(Object.fromEntries(counts));
  expect(groups.map(({ flows }) => flows)).toEqual(
    groups.map(({ flows }) => flows).toSorted((a, b) => b - a),
  );
});
