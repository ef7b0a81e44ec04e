// Requests for flows, from a query string or a body.

import { expect, test } from 'vitest';
import { problemOf } from '../../../../src/api/http/problem.ts';
import { readFlowsRequest } from '../../../../src/api/http/request.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { HOUR_NS, msToNs } from '../../../../src/runtime/time.ts';

const NOW = msToNs(Date.parse('2026-11-23T00:00:00Z'));
const read = (input: unknown) => readFlowsRequest(input, NOW, 3);

test('nothing asked is the twenty newest', () => {
  expect(read({})).toEqual({
    whitelist: [],
    blacklist: [],
    number: 20n,
    first: false,
    follow: false,
    since: undefined,
    until: undefined,
    events: 'matching',
    notices: false,
  });
});

test('a body and a query string mean the same', () => {
  const filters = [{ source_pod: ['a/b'] }, { verdict: ['DROPPED'] }];
  const expected = [{ source_pod: ['a/b'] }, { verdict: [2] }];
  expect(read({ whitelist: filters }).whitelist).toEqual(expected);
  expect(read({ whitelist: JSON.stringify(filters) }).whitelist).toEqual(expected);
  expect(read({ whitelist: filters.map((each) => JSON.stringify(each)) }).whitelist).toEqual(
    expected,
  );
  expect(
    read({ whitelist: filters.map((each) => JSON.stringify(each)).join('') }).whitelist,
  ).toEqual(expected);
  expect(read({ last: '5', follow: 'true' })).toMatchObject({ number: 5n, follow: true });
  expect(read({ first: 5, notices: true })).toMatchObject({
    number: 5n,
    first: true,
    notices: true,
  });
});

test('without a number, a time or all leaves the number open', () => {
  expect(read({ since: '1h' })).toMatchObject({ number: 0n, since: NOW - HOUR_NS });
  expect(read({ all: '' })).toMatchObject({ number: 0n });
  expect(read({ follow: true })).toMatchObject({ number: 0n });
});

test.each([
  [{ last: -1 }, 'last'],
  [{ last: 'x' }, 'last'],
  [{ nope: 1 }, 'nope'],
  [{ since: 'yesterday' }, 'since'],
  [{ until: '1m', follow: true }, 'until'],
  [{ first: 1, last: 1 }, 'first'],
  [{ first: 1, follow: true }, 'first'],
  [{ all: true, last: 1 }, 'all'],
  [{ whitelist: '{"nope":1}' }, 'whitelist'],
  [{ whitelist: [{ verdict: ['NOPE'] }] }, 'whitelist'],
  [{ blacklist: '{' }, 'blacklist'],
  [{ whitelist: [{}, {}], blacklist: [{}, {}] }, 'whitelist'],
  [[], ''],
])('%j is refused by field', (input, field) => {
  let refused: unknown;
  try {
    read(input);
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(ParallaxError);
  expect(problemOf(refused)).toMatchObject({ status: 400, code: 'input/invalid', field });
});

test('problems', () => {
  expect(problemOf(new ParallaxError('store/limit', 'too much'))).toEqual({
    type: 'urn:parallax:error:store/limit',
    title: 'A query went over a reader limit (time, memory or rows).',
    status: 422,
    code: 'store/limit',
    detail: 'too much',
  });
  // What is not ours is not told to strangers.
  expect(problemOf(new Error('password is 123'))).toMatchObject({ status: 500, code: 'internal' });
  expect(problemOf(new Error('password is 123')).detail).not.toContain('123');
  expect(problemOf(Object.assign(new Error('too big'), { statusCode: 413 }))).toMatchObject({
    status: 400,
    detail: 'too big',
  });
});
