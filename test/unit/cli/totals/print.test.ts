// What the commands about totals take and print, asked of nobody.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGGREGATE } from '../../../../src/cli/totals/aggregate.ts';
import { MAP } from '../../../../src/cli/totals/map.ts';
import { sparkline, TIMESERIES } from '../../../../src/cli/totals/timeseries.ts';
import { TOP } from '../../../../src/cli/totals/top.ts';
import { call } from '../../../support/query/totals-run.ts';

const NOW = { nowMs: 1_767_355_200_000 };
const group = { share: 0.5, rate: 0.1, denied: 0, dropped: 0, forwarded: 1, audited: 0 };
const ANSWER = {
  by: ['http.url'],
  groups: [
    { values: { 'http.url': '' }, flows: 1, ...group },
    { values: { 'http.url': '=1+1' }, flows: 1, ...group, denied: 1, dropped: 1 },
  ],
  count: 2,
  total: { flows: 2, denied: 1, dropped: 1 },
  other: { groups: 0, flows: 0, share: 0 },
  source: 'flows',
};

describe('observe --aggregate-by', () => {
  const asked: unknown[] = [];
  const server = http.createServer(async (request, response) => {
    asked.push(await json(request));
    response.end(JSON.stringify(ANSWER));
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void server.close());
  const counted = (...args: string[]) => {
    const { port } = server.address() as AddressInfo; // of a server that listens on TCP
    const env = { PARALLAX_SERVER: `http://127.0.0.1:${port}` };
    return call(AGGREGATE, ['--aggregate-by=http.url', ...args], { ...NOW, env });
  };

  test('as a table', async () => {
    const { out, exit } = await counted();
    expect(exit).toBe(0);
    expect(out).toMatch(/^HTTP.URL +FLOWS/);
    expect(out).toContain('2 flows in 2 groups (1 denied, 1 dropped)\n');
  });

  test('as CSV that no spreadsheet runs, and as JSON', async () => {
    const csv = await counted('-o', 'csv');
    expect(csv.out.split('\r\n').slice(0, 3)).toEqual([
      'HTTP.URL,FLOWS,SHARE,RATE/S,DENIED,DROPPED',
      ',1,50.0%,0.1,0,0',
      "'=1+1,1,50.0%,0.1,1,1",
    ]);
    const [line = ''] = (await counted('-o', 'ndjson')).out.split('\n');
    expect(JSON.parse(line)).toMatchObject({ values: { 'http.url': '' }, flows: 1, share: 0.5 });
  });

  test('filters and limits are the server’s work', async () => {
    await counted('--verdict', 'DROPPED', '--limit', '1', '--since', '1h');
    expect(asked.at(-1)).toEqual({
      whitelist: [{ verdict: ['DROPPED'] }],
      blacklist: [],
      since: '2026-01-02T11:00:00Z',
      by: ['http.url'],
      limit: 1,
    });
  });

  test.each([
    [['--aggregate-by', 'verdict', '--input-file', 'f'], 'only stored flows are counted'],
    [['--aggregate-by', ''], 'name what to count by'],
    [['--aggregate-by', 'verdict', '--last', '5'], 'unknown flag: --last'],
    [['--aggregate-by', 'verdict', '-o', 'dict'], '--output does not take "dict"; use table, wide'],
    [['--aggregate-by', 'verdict', 'word'], 'unexpected argument "word"'],
  ])('refuses %j', async (args, why) => {
    const { exit, out, err } = await call(AGGREGATE, args, NOW);
    expect({ exit, out, err }).toEqual({ exit: 1, out: '', err: expect.stringContaining(why) });
  });
});

test('help has the command’s own flags, and -n is a number in top', async () => {
  const top = await call(TOP, ['--help'], NOW);
  expect(top.out).toContain('Usage: parallax top [dimension…] [flags]');
  expect(top.out).toMatch(/-n, --number <uint>/);
  expect(top.out).toMatch(/^ {6}--namespace <namespace>/m);
  expect(top.out).not.toContain('--input-file');
  const map = await call(MAP, ['--help'], NOW);
  expect(map.out).toMatch(/-n, --namespace <namespace>/);
  expect(map.out).toContain('parallax map --level cluster --since 24h');
});

test('filters are printed where that is asked', async () => {
  const { out } = await call(TOP, ['--print-raw-filters', '--verdict', 'DROPPED'], NOW);
  expect(out).toBe(`allowlist:\n    - '{"verdict":["DROPPED"]}'\n`);
});

test('a step is whole seconds', async () => {
  const { err } = await call(TIMESERIES, ['--step', '1500ms'], NOW);
  expect(err).toContain('whole seconds are expected');
});

test('a line of blocks', () => {
  expect(sparkline([0, 1, 4, 8, null], 8)).toBe('▁▂▅█ ');
  expect(sparkline([0, 0], 0)).toBe('▁▁');
  expect(sparkline(new Array(1000).fill(1), 1).length).toBeLessThanOrEqual(72);
  expect(sparkline(new Array(1000).fill(1), 1, 20).length).toBe(20);
});
