// Every encoding of the catalogue through the engine: what was put into a block comes out of the table.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { encodeRows, type Row } from '../../../../src/store/native/native-rows.ts';
import type { Column, Encoding } from '../../../../src/store/schema/column.ts';

const directory = mkdtempSync(join(tmpdir(), 'parallax-native-'));
const session = new Session(join(directory, 'data'));
afterAll(() => {
  session.cleanup();
  rmSync(directory, { recursive: true, force: true });
});

const TYPES: Readonly<Record<Encoding, string>> = {
  lc: 'LowCardinality(String)',
  lines: 'LowCardinality(String)',
  json: 'LowCardinality(String)',
  string: 'String',
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  u64: 'UInt64',
  i32: 'Int32',
  i64: 'Int64',
  uuid: 'UUID',
};
const COLUMNS: readonly Column[] = (Object.keys(TYPES) as Encoding[]).map((encoding) => ({
  name: `c_${encoding}`,
  encoding,
  type: TYPES[encoding],
  doc: '',
}));

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a', 'b', '\u0000'));
const rows = fc.array(
  fc.record(
    {
      c_lc: text,
      c_lines: text,
      c_json: fc.json(),
      c_string: fc.oneof(text, fc.string({ minLength: 100, maxLength: 20_000 })),
      c_u8: fc.nat(0xff),
      c_u16: fc.nat(0xffff),
      c_u32: fc.integer({ min: 0, max: 0xffffffff }),
      c_u64: fc.bigInt(0n, 2n ** 64n - 1n),
      c_i32: fc.integer(),
      c_i64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      c_uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    },
    { requiredKeys: [] },
  ),
  { minLength: 1, maxLength: 200 },
);

function throughEngine(made: readonly Row[]): unknown[] {
  const block = encodeRows('t', COLUMNS, made);
  const file = join(directory, 'block.native');
  writeFileSync(file, block.bytes);
  const all = COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
  const present = block.columns.join(', ');
  session.query(`CREATE OR REPLACE TABLE t (${all}) ENGINE = Memory`);
  session.query(`INSERT INTO t (${present}) SELECT ${present} FROM file('${file}', 'Native')`);
  const answer = session.query(
    'SELECT * FROM t SETTINGS max_threads = 1, output_format_json_quote_64bit_integers = 1',
    'JSONCompactEachRow',
  );
  return answer
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function expected(row: Row): unknown[] {
  const uuid = Buffer.from((row.c_uuid as Uint8Array | undefined) ?? new Uint8Array(16));
  return COLUMNS.map(({ name, encoding }) => {
    if (encoding === 'uuid') {
      return uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    }
    const value = row[name];
    if (encoding === 'u64' || encoding === 'i64') return String(value ?? 0n);
    return value ?? (TYPES[encoding].includes('Int') ? 0 : '');
  });
}

test('random rows', () => {
  fc.assert(
    fc.property(rows, (made) => {
      expect(throughEngine(made)).toEqual(made.map(expected));
    }),
    { numRuns: 40 },
  );
});

test.each([300, 70_000])('a dictionary of %i texts', (count) => {
  const made = Array.from({ length: count }, (_, i) => ({ c_lc: `text ${i}`, c_u32: i }));
  const answer = throughEngine(made) as unknown[][];
  expect(answer.length).toBe(count);
  expect(answer.every((row, i) => row[0] === `text ${i}` && row[6] === i)).toBe(true);
});
