import { expect, test } from 'vitest';
import { parseRows } from '../../../../src/store/engine/parse-rows.ts';

test('one row a line, however many lines', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => [
    String(i),
    `a\n"b" ${i}`,
    i % 3 === 0,
    null,
  ]);
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  expect(text.length).toBeGreaterThan(512 * 1024);
  expect([...parseRows(text)]).toEqual(rows);
});

test('nothing, a last line without its end, one very long line', () => {
  expect([...parseRows('')]).toEqual([]);
  expect([...parseRows('\n')]).toEqual([]);
  expect([...parseRows('[1]\n[2]')]).toEqual([[1], [2]]);
  const long = 'x'.repeat(600_000);
  expect([...parseRows(`["${long}"]\n["y"]\n`)]).toEqual([[long], ['y']]);
});
