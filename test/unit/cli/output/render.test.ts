// One answer in every format.
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FORMATS, readFormat } from '../../../../src/cli/output/format.ts';
import { render } from '../../../../src/cli/output/render.ts';
import { PLAIN, screenOf } from '../../../../src/cli/output/screen.ts';
import { tableOf } from '../../../../src/cli/output/table.ts';

const items = [
  { name: '=cmd|x', delta: -5, text: 'a "b",\nc' },
  { name: '-x', delta: 1, text: '\x1b[2J\u202e\x9b' },
];
const answer = {
  document: { items, notices: ['one'] },
  items,
  table: tableOf(
    [
      { header: 'NAME', cell: (row: (typeof items)[number]) => row.name },
      { header: 'DELTA', cell: ({ delta }) => String(delta) },
      { header: 'TEXT', cell: ({ text }) => text, wide: true },
    ],
    items,
  ),
  above: 'above\n',
  below: 'below \x1b[1m\n',
};

describe('an answer', () => {
  test('is the document in json and yaml, whatever its text holds', async () => {
    for (const format of ['json', 'yaml'] as const) {
      const text = await render(answer, format, PLAIN);
      expect(parse(text)).toEqual(answer.document);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    }
  });

  test('is a line an item in ndjson', async () => {
    const lines = (await render(answer, 'ndjson', PLAIN)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(items);
  });

  test('is CSV that no spreadsheet runs', async () => {
    expect(await render(answer, 'csv', PLAIN)).toBe(
      `NAME,DELTA,TEXT\r\n'=cmd|x,-5,"a ""b"",\nc"\r\n'-x,1,\x1b[2J\u202e\x9b\r\n`,
    );
    const seen = await render(answer, 'csv', { columns: 80, color: false });
    expect(seen).toContain('\\u001b[2J\\u202e\\u009b');
  });

  test('is a table between its sentences', async () => {
    expect(await render(answer, 'table', PLAIN)).toBe(
      'above\nNAME     DELTA\n=cmd|x   -5\n-x       1\nbelow \\u001b[1m\n',
    );
  });
});

test('formats: old spellings warn, others are refused with the list', () => {
  const warned: string[] = [];
  const read = (text: string) => readFormat(text, (line) => warned.push(line), FORMATS);
  expect(FORMATS.map(read)).toEqual(FORMATS);
  expect(warned).toEqual([]);
  expect(read('jsonl')).toBe('ndjson');
  expect(warned).toEqual(['-o jsonl is deprecated; write -o ndjson']);
  expect(() => read('xml')).toThrow(
    '--output does not take "xml"; use table, wide, json, ndjson, csv or yaml',
  );
});

test('colours: as --color says, else only on a terminal without NO_COLOR', () => {
  const tty = { isTTY: true, columns: 100 };
  expect(screenOf(tty, {})).toEqual({ columns: 100, color: true });
  expect(screenOf(tty, { NO_COLOR: '1' })).toEqual({ columns: 100, color: false });
  expect(screenOf(tty, {}, 'never').color).toBe(false);
  expect(screenOf({}, {}, 'always')).toEqual({ columns: undefined, color: true });
});
