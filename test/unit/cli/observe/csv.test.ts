// Lists in flags, as Go's encoding/csv reads a line.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvFields } from '../../../../src/cli/observe/csv.ts';

test('fields that are written come back', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é'), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(field, { minLength: 2, maxLength: 4 }), (fields) => {
      const line = fields.map((each) => `"${each.replaceAll('"', '""')}"`).join(',');
      expect(csvFields(line)).toEqual(fields);
    }),
  );
});

test.each([
  ['', []],
  ['a', ['a']],
  ['a,,b', ['a', '', 'b']],
  ['a,', ['a', '']],
  ['\n\na\nb', ['a']],
  ['a\r\nb', ['a']],
  ['a\r', ['a']],
  ['"a""b",c', ['a"b', 'c']],
])('%j', (text, fields) => {
  expect(csvFields(text)).toEqual(fields);
});

test.each([
  ['\n', 'EOF'],
  ['é"', 'parse error on line 1, column 3: bare " in non-quoted-field'],
  ['"a', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
  ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
  [
    '"a\nb',
    'record on line 1; parse error on line 2, column 2: extraneous or missing " in quoted-field',
  ],
])('%j is refused', (text, message) => {
  expect(() => csvFields(text)).toThrow(message);
});
