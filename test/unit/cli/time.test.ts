// Times as flags give them.
import { describe, expect, test } from 'vitest';
import { parseTime, TimeReader } from '../../../src/cli/time.ts';
import { msToNs } from '../../../src/runtime/time.ts';

const NOW_MS = Date.parse('2026-12-01T03:30:00Z');
const NOW = msToNs(NOW_MS);

describe('parseTime', () => {
  test.each([
    ['now', '2026-12-01T03:30:00.000Z', false],
    ['10m', '2026-12-01T03:20:00.000Z', false],
    ['7d', '2026-11-24T03:30:00.000Z', false],
    ['2026-11-30', '2026-11-30T00:00:00.000Z', false],
    ['2026-11-30T14:00:00Z', '2026-11-30T14:00:00.000Z', false],
    ['2026-11-30T14:00:00+02:00', '2026-11-30T12:00:00.000Z', false],
    ['Mon, 30 Nov 2026 14:00:00 +0000', '2026-11-30T14:00:00.000Z', false],
    // The last one that has passed: a search of history at night means the evening before.
    ['14:00', '2026-11-30T14:00:00.000Z', true],
    ['3:30', '2026-12-01T03:30:00.000Z', true],
    ['03:29:59.5', '2026-12-01T03:29:59.500Z', true],
    ['today', '2026-12-01T00:00:00.000Z', true],
    ['yesterday', '2026-11-30T00:00:00.000Z', true],
    ['today 14:00', '2026-12-01T14:00:00.000Z', true],
    ['yesterday 14:00', '2026-11-30T14:00:00.000Z', true],
    ['2026-11-30 14:00', '2026-11-30T14:00:00.000Z', true],
    ['2026-11-30 14:00:30', '2026-11-30T14:00:30.000Z', true],
    ['2026-11-30T14:00', '2026-11-30T14:00:00.000Z', true],
    ['2026-11-30 14:00 UTC', '2026-11-30T14:00:00.000Z', false],
    ['2026-11-30 14:00Z', '2026-11-30T14:00:00.000Z', false],
    ['2026-11-30 14:00+02:00', '2026-11-30T12:00:00.000Z', false],
    ['14:00 -05:00', '2026-11-30T19:00:00.000Z', false],
  ])('%s', (text, iso, assumedUtc) => {
    expect(parseTime(text, NOW)).toEqual({ nanos: msToNs(Date.parse(iso)), assumedUtc });
  });

  test.each([
    '',
    ' ',
    'nope',
    '24:00',
    '14:60',
    '2026-02-30 10:00',
    '2026-13-01',
    '14',
    'tomorrow',
  ])('%j is refused', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(`failed to convert ${text} to time`);
  });
});

describe('TimeReader', () => {
  test('says once that a time without a zone is UTC', () => {
    const notes: string[] = [];
    const times = new TimeReader(NOW_MS, (note) => notes.push(note));
    expect(times.text('since', '10m')).toBe('2026-12-01T03:20:00Z');
    expect(times.text('since', '14:00')).toBe('2026-11-30T14:00:00Z');
    expect(times.text('until', '15:00')).toBe('2026-11-30T15:00:00Z');
    expect(notes).toEqual(['--since 14:00 is 2026-11-30T14:00:00Z: times without a zone are UTC']);
  });

  test('reads what was not given as nothing, and names the forms it takes', () => {
    const times = new TimeReader(NOW_MS, () => undefined);
    expect(times.read('since', undefined)).toBeUndefined();
    expect(times.read('since', '')).toBeUndefined();
    expect(() => times.read('since', 'nope')).toThrow(
      '--since "nope" is not a time; write 10m, 7d, now, 14:00, yesterday 14:00, 2026-11-30 14:00 or 2026-11-30T14:00:00Z',
    );
    expect(() => times.read('until', '0000-01-01')).toThrow('is not between the years 1 and 9999');
  });
});
