// What the commands about totals take and print, asked of nobody.
import { describe, expect, test } from 'vitest';
import { AGGREGATE } from '../../../../src/cli/totals/aggregate.ts';
import { MAP } from '../../../../src/cli/totals/map.ts';
import { sparkline, TIMESERIES } from '../../../../src/cli/totals/timeseries.ts';
import { TOP } from '../../../../src/cli/totals/top.ts';
import { call } from '../../../support/query/totals-run.ts';

const NOW = { nowMs: 1_767_355_200_000 };
const file = [
  {
    flow: {
      time: { seconds: 1_767_355_100n, nanos: 0 },
      verdict: 2,
      drop_reason_desc: 133,
      source: { namespace: 'shop', pod_name: 'web-7c9d6b5f4-x2x9k' },
      destination: { labels: ['cidr:10.0.0.0/8', 'cidr:10.1.0.0/16', 'reserved:world'] },
      l4: { TCP: { source_port: 40_000, destination_port: 443, flags: { SYN: true } } },
      l7: { http: { url: '=1+1', code: 500 } },
    },
  },
  {
    flow: {
      time: { seconds: 1_767_355_110n, nanos: 0 },
      verdict: 1,
      is_reply: true,
      source: { labels: ['reserved:world'] },
      source_names: ['example.com'],
      destination: {
        namespace: 'shop',
        pod_name: 'web-7c9d6b5f4-x2x9k',
        workloads: [{ kind: 'Deployment', name: 'web' }],
      },
      l4: { TCP: { source_port: 443, destination_port: 40_000, flags: { ACK: true } } },
    },
  },
];

describe('observe --aggregate-by', () => {
  test('counts a file, by who called whom', async () => {
    const args = [
      '--aggregate-by',
      'client,server,port',
      '--aggregate-by',
      'reply',
      '--input-file',
      'f',
    ];
    const { out, exit } = await call(AGGREGATE, args, { ...NOW, file });
    expect(exit).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(lines[0]?.slice(0, 5)).toEqual(['CLIENT', 'SERVER', 'PORT', 'REPLY', 'FLOWS']);
    expect(lines.slice(1, 3).map((cells) => cells.slice(0, 5))).toEqual([
      ['shop/Deployment/web', 'cidr:10.1.0.0/16', '443', 'false', '1'],
      ['shop/Deployment/web', 'example.com', '443', 'true', '1'],
    ]);
    expect(out).toContain('2 flows in 2 groups (1 denied, 1 dropped)\n');
  });

  test('as CSV that no spreadsheet runs, and as JSON', async () => {
    const args = ['--aggregate-by=http.url', '--input-file', 'f'];
    const csv = await call(AGGREGATE, [...args, '-o', 'csv'], { ...NOW, file });
    expect(csv.out.split('\r\n').slice(0, 3)).toEqual([
      'HTTP.URL,FLOWS,SHARE,RATE/S,DENIED,DROPPED',
      ',1,50.0%,0.1,0,0',
      "'=1+1,1,50.0%,0.1,1,1",
    ]);
    const lines = await call(AGGREGATE, [...args, '-o', 'ndjson', '--limit', '1'], {
      ...NOW,
      file,
    });
    expect(JSON.parse(lines.out)).toMatchObject({
      values: { 'http.url': '' },
      flows: 1,
      share: 0.5,
    });
  });

  test('filters as observe does', async () => {
    const args = [
      '--aggregate-by',
      'verdict',
      '--verdict',
      'DROPPED',
      '--input-file',
      'f',
      '-o',
      'json',
    ];
    const { out } = await call(AGGREGATE, args, { ...NOW, file });
    expect(JSON.parse(out)).toMatchObject({ count: 1, total: { flows: 1 }, source: 'flows' });
  });

  test.each([
    [['--aggregate-by', 'colour', '--input-file', 'f'], '"colour" is no dimension'],
    [['--aggregate-by', '', '--input-file', 'f'], 'name what to count by'],
    [['--aggregate-by', 'verdict', '--last', '5'], 'unknown flag: --last'],
    [
      ['--aggregate-by', 'verdict', '-o', 'dict'],
      'unknown output format "dict": choose table, wide',
    ],
    [
      ['--aggregate-by', 'verdict', '--connections', '--input-file', 'f'],
      'counted in stored flows only',
    ],
    [['--aggregate-by', 'verdict', 'word'], 'unexpected argument "word"'],
  ])('refuses %j', async (args, why) => {
    const { exit, out, err } = await call(AGGREGATE, args, { ...NOW, file });
    expect({ exit, out, err }).toEqual({ exit: 1, out: '', err: expect.stringContaining(why) });
  });
});

test('help has the command’s own flags, and -n is a number in top', async () => {
  const top = await call(TOP, ['--help'], NOW);
  expect(top.out).toContain('Usage: parallax top [dimension…] [flags]');
  expect(top.out).toMatch(/-n, --number uint/);
  expect(top.out).toMatch(/^ {6}--namespace text/m);
  expect(top.out).not.toContain('--input-file');
  const map = await call(MAP, ['--help'], NOW);
  expect(map.out).toMatch(/-n, --namespace text/);
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
