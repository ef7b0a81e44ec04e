// How flags become filters; the recorded calls have most of it, here is what they leave open.

import { expect, test } from 'vitest';
import { FilterBuilder } from '../../../../src/hubble/filter/flags.ts';
import { filtersFromJson, rawFilters } from '../../../../src/hubble/filter/json.ts';
import { parseDuration, parseMoment } from '../../../../src/hubble/filter/since.ts';
import { msToNs, nsToMs } from '../../../../src/runtime/time.ts';

function built(...flags: readonly (readonly [string, string])[]) {
  const builder = new FilterBuilder();
  for (const [name, value] of flags) builder.set(name, value);
  return builder.build();
}

test('flags without direction split the request in two', () => {
  expect(built(['pod', 'a/b'], ['port', '80'], ['verdict', 'DROPPED'])).toEqual({
    whitelist: [
      { source_pod: ['a/b'], source_port: ['80'], verdict: [2] },
      { destination_pod: ['a/b'], destination_port: ['80'], verdict: [2] },
    ],
    blacklist: [],
  });
});

test('only the next flag is negated', () => {
  expect(built(['not', 'true'], ['verdict', 'DROPPED'], ['uuid', 'x'])).toEqual({
    whitelist: [{ uuid: ['x'] }],
    blacklist: [{ verdict: [2] }],
  });
});

test('namespaces are put before every name of their side', () => {
  expect(
    built(['from-namespace', 'a'], ['from-namespace', 'b'], ['from-pod', 'x']).whitelist,
  ).toEqual([{ source_pod: ['a/x', 'b/x'] }]);
  expect(built(['namespace', 'a'], ['service', 's']).whitelist).toEqual([
    { source_service: ['a/s'] },
    { destination_service: ['a/s'] },
  ]);
});

test('a refused flag says why', () => {
  expect(() => built(['ip', '1.1.1.1'], ['pod', 'a'])).toThrow(
    'filters --ip and --pod cannot be combined',
  );
  expect(() => built(['verdict', 'dropped'])).toThrow('invalid --verdict value: dropped');
  expect(() => built(['not', 'true'])).toThrow('trailing --not');
});

test('filters come back from their JSON', () => {
  const { whitelist, blacklist } = built(
    ['label', "it's in (a)"],
    ['not', 'true'],
    ['ip-trace-id', '18446744073709551615'],
  );
  const yaml = rawFilters(whitelist, blacklist);
  expect(yaml).toContain('    - \'{"source_label":["it\'\'s in (a)"]}\'\n');
  const texts = [...yaml.matchAll(/ {4}- '(.*)'\n/g)].map(([, text = '']) =>
    text.replaceAll("''", "'"),
  );
  expect(filtersFromJson(texts.join(' '))).toEqual([...whitelist, ...blacklist]);
});

test('JSON with braces in strings is split in the right places', () => {
  expect(filtersFromJson('{"uuid":["}{"]}{"uuid":["\\"{"]}')).toEqual([
    { uuid: ['}{'] },
    { uuid: ['"{'] },
  ]);
  expect(() => filtersFromJson('{"nope":1}')).toThrow('failed to decode \'{"nope":1}\'');
  expect(() => filtersFromJson('{"uuid":["a"]')).toThrow('failed to decode');
});

test.each([
  ['3s', 3_000_000_000n],
  ['1h30m', 5_400_000_000_000n],
  ['1.5h', 5_400_000_000_000n],
  ['-5m', -300_000_000_000n],
  ['300ms', 300_000_000n],
  ['7d', 604_800_000_000_000n],
  ['0', 0n],
  ['5', undefined],
  ['', undefined],
  ['1x', undefined],
])('duration %s', (text, nanos) => expect(parseDuration(text)).toBe(nanos));

test.each([
  ['2026-03-15', '2026-03-15T00:00:00Z'],
  ['2026-03-15T10Z', '2026-03-15T10:00:00Z'],
  ['2026-03-15T10:30+02:00', '2026-03-15T08:30:00Z'],
  ['2026-03-15T10:30:15.5Z', '2026-03-15T10:30:15.5Z'],
  ['Sun, 15 Mar 2026 10:30:15 +0100', '2026-03-15T09:30:15Z'],
  ['10m', '2026-11-22T23:50:00Z'],
])('moment %s', (text, expected) => {
  const now = msToNs(Date.parse('2026-11-23T00:00:00Z'));
  expect(nsToMs(parseMoment(text, now))).toBe(Date.parse(expected));
});

test('what is no moment', () => {
  for (const text of ['nope', '2026-13-01', '2026-03-15T10:00:00', 'Mar_15_00:40:00.000'])
    expect(() => parseMoment(text, 0n)).toThrow(`failed to convert ${text} to time`);
});
