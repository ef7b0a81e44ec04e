// Tables at several widths, and what never reaches a terminal.
import { describe, expect, test } from 'vitest';
import { plainText } from '../../../../src/cli/output/plain-text.ts';
import { type Column, tableOf, tableText } from '../../../../src/cli/output/table.ts';
import { cut, widthOf, wrap } from '../../../../src/cli/output/width.ts';

interface Row {
  readonly name: string;
  readonly count: number;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: 'NAME', cell: ({ name }) => name, shrink: 8 },
  { header: 'COUNT', cell: ({ count }) => String(count), align: 'right', drop: 2 },
  { header: 'NOTE', cell: ({ note }) => note, shrink: 10, drop: 1 },
  { header: 'MORE', cell: () => 'x'.repeat(30), wide: true },
];
const ROWS: readonly Row[] = [
  { name: 'farfaraway/xwing-6d5fb5f4-abcde', count: 7, note: 'default deny, no rule allows it' },
  { name: '日本語/サービス', count: 1200, note: '' },
];
const at = (columns: number | undefined, wide = false, color = false) =>
  tableText(tableOf(COLUMNS, ROWS), { columns, color }, wide);

describe('a table', () => {
  test('is whole where there is no terminal', () => {
    expect(at(undefined)).toBe(`NAME                              COUNT   NOTE
farfaraway/xwing-6d5fb5f4-abcde       7   default deny, no rule allows it
日本語/サービス                    1200   -
`);
  });

  test('shrinks its widest columns, then leaves out the least important', () => {
    expect(at(50)).toBe(`NAME                  COUNT  NOTE
farfaraway/xwing-6d…      7  default deny, no rul…
日本語/サービス        1200  -
`);
    expect(at(20)).toBe(`NAME           COUNT
farfaraway/x…      7
日本語/サー…    1200
`);
    expect(at(9)).toBe('NAME\nfarfaraw…\n日本語/…\n');
  });

  test.each([1, 4, 9, 13, 20, 33, 50, 79, 80, 200])('has no line over %i columns', (columns) => {
    for (const line of at(columns).split('\n'))
      expect(widthOf(line)).toBeLessThanOrEqual(Math.max(4, columns));
  });

  test('has all columns in full where it is wide', () => {
    expect(at(40, true).split('\n')[1]).toContain(
      `abcde       7   default deny, no rule allows it   x`,
    );
  });

  test('is coloured only where that is wanted', () => {
    expect(at(80)).not.toContain('\x1b');
    expect(at(80, false, true)).toContain('\x1b[1mNAME');
  });

  test('without rows is nothing', () => {
    expect(tableText(tableOf(COLUMNS, []), { columns: 80, color: true }, false)).toBe('');
  });
});

test('control, escape and bidirectional characters are shown as escapes', () => {
  expect(plainText('a\x1b[2J\x9b1m\u202eb\tc\r\nd\u2066\x00')).toBe(
    'a\\u001b[2J\\u009b1m\\u202eb c d\\u2066\\u0000',
  );
});

test('text is cut by what it takes on a terminal', () => {
  expect(cut('日本語', 5)).toBe('日本…');
  expect(cut('日本語', 6)).toBe('日本語');
  expect(cut('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
});

test('prose is wrapped between words and keeps its indentation', () => {
  expect(wrap('  cure: name the node as flows name it\nend', 20)).toBe(
    '  cure: name the\n        node as\n        flows name\n        it\nend',
  );
  expect(wrap('averyveryverylongword and more', 10)).toBe('averyveryverylongword\nand more');
  expect(wrap('as it is', undefined)).toBe('as it is');
});
