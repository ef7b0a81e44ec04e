// The pattern of times that documents declare, held against the code that reads them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOMENT_PATTERN, parseMoment } from '../../../../src/hubble/filter/since.ts';

const taken = (text: string) => {
  try {
    parseMoment(text, 0n);
    return true;
  } catch {
    return false;
  }
};
const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const number = fc.oneof(
  digits(1, 3),
  fc.tuple(digits(0, 2), digits(0, 2)).map((p) => p.join('.')),
);
const unit = fc.constantFrom('ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h', 'd', 'w', 'M', '');
const duration = fc
  .tuple(fc.constantFrom('', '-', '+'), fc.array(fc.tuple(number, unit), { maxLength: 3 }))
  .map(([sign, parts]) => sign + parts.flat().join(''));
const two = fc.oneof(digits(1, 2), fc.constantFrom('00', '12', '24', '59', '60', '31'));
const iso = fc
  .tuple(
    fc.constantFrom(
      '2026-03-14',
      '2026-12-31',
      '2026-13-01',
      '2026-00-10',
      '2026-1-1',
      '0000-01-01',
    ),
    fc.constantFrom('', 'T', ' '),
    two,
    fc.array(two, { maxLength: 3 }),
    fc.constantFrom('', '.5', ',123456789', '.'),
    fc.constantFrom('Z', '', 'z', '+01:00', '-24:60', '+25:00', '+0100'),
  )
  .map(([day, t, hour, rest, fraction, zone]) =>
    t === '' ? day : `${day}${t}${[hour, ...rest].join(':')}${fraction}${zone}`,
  );
const mail = fc
  .tuple(
    fc.constantFrom('Mon', 'sun', 'Day'),
    two,
    fc.constantFrom('Jan', 'dec', 'Mai'),
    two,
    fc.constantFrom('+0000', '-2460', '+9900', 'GMT'),
  )
  .map(([day, date, month, hour, zone]) => `${day}, ${date} ${month} 2026 ${hour}:04:05 ${zone}`);

test('times that are taken match it, and what matches is taken', () => {
  fc.assert(
    fc.property(fc.oneof(duration, iso, mail, fc.string()), (text) => {
      // Days that a month does not have are no matter of form, nor are durations of centuries.
      if (/3[01]/.test(text.slice(0, 10)) || /\d{4,}\.?\d*[hdw]/.test(text)) return;
      expect([text, MOMENT_PATTERN.test(text)]).toEqual([text, taken(text)]);
    }),
    { numRuns: 3000 },
  );
});

test.each(['30m', '-5m', '0', '1h30m', '.5d', '2026-03-14', '2026-03-14T1Z', '2026-03-14T10:00Z'])(
  '%s is a time',
  (text) => expect([MOMENT_PATTERN.test(text), taken(text)]).toEqual([true, true]),
);
