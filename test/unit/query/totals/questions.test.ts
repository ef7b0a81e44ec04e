// What questions about totals mean before anything is asked: steps, windows, dimensions, fields.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSql } from '../../../../src/query/sql/compile.ts';
import { againstOf } from '../../../../src/query/totals/compare.ts';
import { allDimensions, dimensionsNamed } from '../../../../src/query/totals/dimensions.ts';
import { withNames } from '../../../../src/query/totals/expressions.ts';
import { compareInput, topInput, totalsQuery } from '../../../../src/query/totals/input.ts';
import { previousWindow } from '../../../../src/query/totals/pairs.ts';
import { gridOf } from '../../../../src/query/totals/timeseries.ts';
import { exactFilter } from '../../../../src/query/totals/totals-query.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';
import { FLOW_COLUMNS } from '../../../../src/store/schema/columns.ts';
import { FLOW_TOTAL_COLUMNS } from '../../../../src/store/schema/denial-columns.ts';
import type { Sql } from '../../../../src/store/sql.ts';

const HOUR = 3600n * SECOND_NS;
const NOW = 1_767_355_200n * SECOND_NS;

describe('steps of a series', () => {
  test('are chosen so that a window has a few hundred', () => {
    const day = { since: NOW - 24n * HOUR, until: NOW };
    expect(gridOf(day, 2000)).toEqual({ start: day.since, step: 300, points: 288 });
    expect(gridOf({ since: NOW - HOUR, until: NOW }, 2000)).toMatchObject({
      step: 15,
      points: 240,
    });
    expect(gridOf({ since: 0n, until: NOW }, 2000).points).toBeLessThanOrEqual(300);
  });

  test('cover the window, whatever it is', () => {
    const moment = fc.bigInt({ min: -(2n ** 61n), max: 2n ** 61n });
    fc.assert(
      fc.property(moment, fc.bigInt({ min: 0n, max: 400n * 24n * HOUR }), (since, length) => {
        const until = since + length;
        const { start, step, points } = gridOf({ since, until }, 2000);
        const end = start + BigInt(points) * BigInt(step) * SECOND_NS;
        expect(start <= since && end >= until).toBe(true);
        expect(points).toBeLessThanOrEqual(300);
        expect(start % (BigInt(step) * SECOND_NS)).toBe(0n);
      }),
    );
  });

  test('that make too many points are refused', () => {
    const day = { since: NOW - 24n * HOUR, until: NOW, step: 1 };
    expect(() => gridOf(day, 2000)).toThrow(
      'step: steps of 1 s make 86400 points of this window, more than 2000 (api.totals.maxPoints)',
    );
  });
});

describe('the window compared with', () => {
  const now = { since: NOW - HOUR, until: NOW };
  test('is named by words', () => {
    expect(againstOf('previous', now, NOW)).toEqual(previousWindow(now));
    expect(previousWindow(now)).toEqual({ since: NOW - 2n * HOUR, until: NOW - HOUR - 1n });
    const day = { since: NOW - 25n * HOUR, until: NOW - 24n * HOUR };
    expect(againstOf('24h', now, NOW)).toEqual(day);
    expect(againstOf('24h-ago', now, NOW)).toEqual(day);
    expect(againstOf('25h/24h', now, NOW)).toEqual(day);
    expect(againstOf('2026-01-01T11:00:00Z/2026-01-01T12:00:00Z', now, NOW)).toEqual(day);
  });

  test.each(['yesterday', '-1h', '0', '1h/2h/3h', '/'])('is not %s', (text) => {
    expect(() => againstOf(text, now, NOW)).toThrow(/against/);
  });
});

describe('dimensions', () => {
  test('one that is not known is named with those that are', () => {
    expect(() => dimensionsNamed('by', ['source', 'colour'])).toThrow(
      /by: "colour" is no dimension; there are: source, source.cluster, /,
    );
    expect(() => dimensionsNamed('by', ['source', 'source'])).toThrow('source is named twice');
    expect(() => dimensionsNamed('by', Array.from('abcdefg'))).toThrow(
      '7 dimensions are more than 6',
    );
    expect(() => dimensionsNamed('by', ['constructor'])).toThrow('is no dimension');
  });

  test('name columns of the tables alone', () => {
    const words = (sql: string) =>
      sql.replaceAll(/'(?:[^'\\]|\\.)*'/g, '').match(/\b[a-z0-9]+(?:_[a-z0-9]+)+\b/g) ?? [];
    // What has a name of its own is made of columns too.
    const named = (key: Sql) =>
      withNames(key)
        .render()
        .text.replaceAll(/\b(source|destination)_(best|named)\b/g, '');
    const flows = new Set<string>(FLOW_COLUMNS.map(({ name }) => name));
    const totals = new Set(FLOW_TOTAL_COLUMNS.map(({ name }) => name));
    for (const { keys } of allDimensions())
      for (const key of keys) {
        for (const word of words(named(key.flows))) expect(flows).toContain(word);
        for (const word of words(key.totals?.render().text ?? '')) expect(totals).toContain(word);
      }
  });
});

describe('columns a filter reads', () => {
  test('are those of its conditions, whatever its values', () => {
    const named = (text: string) =>
      [...compileSql([{ source_pod: [`${text}/`], verdict: [2] }], []).condition.columns].sort();
    expect(named('shop')).toEqual(['source_namespace', 'verdict']);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('/') && text !== '');
        expect(named(text)).toEqual(['source_namespace', 'verdict']);
      }),
    );
    expect(named('destination_pod_name')).toEqual(['source_namespace', 'verdict']);
  });

  test('are found in expressions too', () => {
    const cel = { experimental: { cel_expression: ['_flow.source.identity == 1u'] } };
    expect([...compileSql([cel], []).condition.columns]).toEqual(['source_identity']);
    expect([...compileSql([], []).condition.columns]).toEqual([]);
  });
});

test('what SQL cannot decide is refused by name', () => {
  const query = {
    since: 0n,
    until: 1n,
    whitelist: [{ http_path: ['a'], verdict: [1] }],
    blacklist: [],
  };
  expect(() => exactFilter(query, 'a map')).toThrow('a map cannot be filtered by http_path:');
});

test('fields come as text or as they are', () => {
  expect(topInput.parse({ by: 'source,verdict', limit: '5', compare: '' })).toMatchObject({
    by: ['source', 'verdict'],
    limit: 5,
    compare: true,
  });
  expect(topInput.parse({}).by).toEqual(['client', 'server']);
  expect(topInput.safeParse({ limit: '0' }).success).toBe(false);
  expect(topInput.safeParse({ colour: 'red' }).success).toBe(false);
  expect(compareInput.parse({ ratio: '1.5', of: ['dns'] })).toMatchObject({
    ratio: 1.5,
    of: ['dns'],
  });
  const { since, until, whitelist } = totalsQuery(
    { since: '2h', whitelist: '{"verdict":["DROPPED"]}' },
    NOW,
  );
  expect({ since, until, whitelist }).toEqual({
    since: NOW - 2n * HOUR,
    until: NOW,
    whitelist: [{ verdict: [2] }],
  });
  expect(() => totalsQuery({ blacklist: '{"x":1}' }, NOW)).toThrow(/^blacklist: /);
});
