import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  floorDiv,
  formatTimestamp,
  fromNanos,
  parseTimestamp,
  toNanos,
} from '../../../../src/hubble/proto/timestamp.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';

const moment = fc.record({
  seconds: fc.bigInt(-62_135_596_800n, 253_402_300_799n),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});

test('text and nanoseconds give the moment back', () => {
  fc.assert(
    fc.property(moment, (time) => {
      expect(parseTimestamp(formatTimestamp(time) ?? '')).toEqual(time);
      expect(fromNanos(toNanos(time))).toEqual(time);
    }),
  );
});

test.each([
  [-1n, { seconds: -1n, nanos: 999_999_999 }],
  [-SECOND_NS, { seconds: -1n, nanos: 0 }],
  [1_000_000_001n, { seconds: 1n, nanos: 1 }],
])('%s nanoseconds since 1970', (nanos, time) => {
  expect(fromNanos(nanos)).toEqual(time);
});

test('a moment lies in the stretch it falls into, before 1970 too', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n), fc.bigInt(1n, 10n ** 13n), (moment, length) => {
      const first = floorDiv(moment, length) * length;
      expect(first <= moment && moment < first + length).toBe(true);
    }),
  );
});

test.each([
  ['2026-03-14T12:00:00+02:00', '2026-03-14T10:00:00Z'],
  ['2026-03-14T04:30:00.25-05:30', '2026-03-14T10:00:00.250Z'],
  ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999999Z'],
  ['2024-02-29T00:00:00.1000Z', '2024-02-29T00:00:00.100Z'],
])('%s is %s', (text, utc) => {
  const time = parseTimestamp(text);
  expect(time && formatTimestamp(time)).toBe(utc);
});

test.each([
  ...['2026-03-14', '2026-03-14T10:00:00', '2026-03-14T10:00Z', '2026-13-01T00:00:00Z'],
  ...['2025-02-29T00:00:00Z', '2026-03-14T23:59:60Z', '2026-03-14T10:00:00.Z'],
  ...['2026-03-14T10:00:00.1234567890Z', '2026-03-14t10:00:00z', '0000-01-01T00:00:00Z'],
  ...['2026-03-14T10:00:00+24:00', '2026-03-14T10:00:00+01:60', '9999-12-31T23:59:59-00:01', ''],
])('%j is no time', (text) => {
  expect(parseTimestamp(text)).toBeUndefined();
});

test.each([
  { seconds: 253_402_300_800n, nanos: 0 },
  { seconds: -62_135_596_801n, nanos: 0 },
  { seconds: 2n ** 63n - 1n, nanos: 0 },
  { seconds: 0n, nanos: -1 },
  { seconds: 0n, nanos: 1_000_000_000 },
])('$seconds.$nanos has no RFC 3339 text', (time) => {
  expect(formatTimestamp(time)).toBeUndefined();
});
