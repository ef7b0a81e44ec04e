// What requests are declared with: the same from a query string and from a body, and named when it is refused.

import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  filterFields,
  filtersOf,
  limitField,
  listField,
  schemaError,
  windowFields,
  windowOf,
} from '../../../../src/query/request/fields.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';

const request = z.strictObject({
  ...windowFields,
  ...filterFields,
  names: listField.optional(),
  limit: limitField(100, 10),
});
const NOW = 1_700_000_000_000_000_000n;

function refused(work: () => unknown): { field: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof ParallaxError && error.field !== undefined)
      return { field: error.field, message: error.message };
    throw error;
  }
  throw new Error('was taken');
}

test('flags mean what they mean to observe', () => {
  const text = request.parse({
    verdict: ['DROPPED', 'AUDIT'],
    'to-namespace': 'farfaraway',
    'not.from-pod': 'a/b',
    'to-port': '80',
  });
  expect(filtersOf(text)).toEqual({
    whitelist: [{ verdict: [2, 4], destination_pod: ['farfaraway/'], destination_port: ['80'] }],
    blacklist: [{ source_pod: ['a/b'] }],
  });
  const body = request.parse({ port: 80, ipv4: true, ipv6: false, 'not.encrypted': '' });
  expect(filtersOf(body)).toEqual({
    whitelist: [
      { source_port: ['80'], ip_version: [1] },
      { destination_port: ['80'], ip_version: [1] },
    ],
    blacklist: [{ encrypted: [true] }],
  });
});

test('flags and FlowFilters stand side by side: either may match', () => {
  const input = request.parse({ verdict: 'DROPPED', whitelist: '{"source_pod":["a/b"]}' });
  expect(filtersOf(input).whitelist).toEqual([{ verdict: [2] }, { source_pod: ['a/b'] }]);
});

test('refusals name the parameter', () => {
  const of = (input: object) => refused(() => filtersOf(request.parse(input)));
  expect(of({ verdict: 'NOPE' }).field).toBe('verdict');
  expect(of({ 'not.from-ip': 'x', 'not.from-pod': 'y' }).message).toContain('cannot be combined');
  expect(of({ ipv4: 'maybe' })).toEqual({
    field: 'ipv4',
    message: 'ipv4: takes true or false, not "maybe"',
  });
  expect(of({ whitelist: '{"nope":1}' }).field).toBe('whitelist');
  expect(refused(() => filtersOf({ whitelist: '{}{}{}' }, 2)).message).toContain('the 2 allowed');
  const unknown = request.safeParse({ verdicts: 'x' });
  expect(unknown.error && schemaError(unknown.error).field).toBe('verdicts');
});

test('windows have both ends', () => {
  expect(windowOf({}, NOW, { defaultMs: 1000 })).toEqual({ since: NOW - 10n ** 9n, until: NOW });
  expect(windowOf({ since: '1h', until: '30m' }, NOW, { defaultMs: 1 })).toEqual({
    since: NOW - 3600n * 10n ** 9n,
    until: NOW - 1800n * 10n ** 9n,
  });
  const day = 86_400_000;
  expect(refused(() => windowOf({ since: 'x' }, NOW, { defaultMs: 1 })).field).toBe('since');
  expect(refused(() => windowOf({ since: '1m', until: '2m' }, NOW, { defaultMs: 1 })).field).toBe(
    'since',
  );
  expect(
    refused(() => windowOf({ since: '40d' }, NOW, { defaultMs: 1, maxMs: 32 * day })).message,
  ).toContain('more than 32 days');
});

test('numbers and lists, as text or not', () => {
  expect(request.parse({ limit: '7', names: 'a' })).toEqual({ limit: 7, names: ['a'] });
  expect(request.parse({ limit: 7, names: ['a', 'b'] })).toEqual({ limit: 7, names: ['a', 'b'] });
  expect(request.parse({})).toEqual({ limit: 10 });
  for (const limit of ['0', '101', 'x', 1.5, -1])
    expect(request.safeParse({ limit }).success).toBe(false);
});
