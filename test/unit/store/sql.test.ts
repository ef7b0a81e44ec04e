import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindLiterals } from '../../../src/store/engine/literals.ts';
import {
  bigint,
  flag,
  list,
  nullable,
  number,
  rows,
  text,
  tuple,
} from '../../../src/store/rows.ts';
import { allOf, anyOf, column, join, param, sql, table } from '../../../src/store/sql.ts';

const HOSTILE = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom("'", "') OR 1=1 --", '{p1:String}', '\\', "\\'; DROP TABLE flows", '`', '/*'),
);

describe('sql', () => {
  test('parts of a statement give one text with names of their own', () => {
    const recent = sql`time_slot >= ${param(5, 'Int32')}`;
    const port = param(80, 'UInt16');
    const where = allOf([recent, sql`port = ${port} OR other = ${port}`]);
    const statement = sql`SELECT count() FROM ${table('flows')} WHERE ${where} LIMIT ${param(1, 'UInt8')}`;
    expect(statement.render()).toEqual({
      text: 'SELECT count() FROM flows WHERE (time_slot >= {p1:Int32}) AND (port = {p2:UInt16} OR other = {p2:UInt16}) LIMIT {p3:UInt8}',
      params: { p1: 5, p2: 80, p3: 1 },
    });
  });

  test('it knows the tables and columns it names, however deep', () => {
    const inner = sql`SELECT ${column('uuid')} FROM ${table('events')}`;
    const outer = sql`SELECT 1 FROM ${table('flows')} WHERE uuid IN (${inner}) AND ${column('verdict')} = 1`;
    expect([...outer.tables]).toEqual(['flows', 'events']);
    expect([...outer.columns]).toEqual(['uuid', 'verdict']);
  });

  test('lists of conditions', () => {
    expect(allOf([]).render().text).toBe('1');
    expect(anyOf([]).render().text).toBe('0');
    expect(anyOf([sql`a`, sql`b`]).render().text).toBe('(a) OR (b)');
    expect(join([sql`a`, sql`b`], sql`, `).render().text).toBe('a, b');
  });

  test('a value is never text, however hostile, on its own and bound as a literal', () => {
    fc.assert(
      fc.property(fc.array(HOSTILE, { minLength: 1, maxLength: 5 }), (values) => {
        const statement = sql`SELECT ${join(
          values.map((value) => param(value, 'String')),
          sql`, `,
        )}`;
        const { text: rendered, params } = statement.render();
        expect(rendered).toBe(`SELECT ${values.map((_, i) => `{p${i + 1}:String}`).join(', ')}`);
        expect(Object.values(params)).toEqual(values);
        // Nothing but quoted text is left when the literals are taken out.
        const bound = bindLiterals(rendered, params);
        expect(bound.replace(/'(?:[^'\\]|\\[\s\S])*'/g, '?')).toBe(
          `SELECT ${values.map(() => '?').join(', ')}`,
        );
      }),
    );
  });

  test.each(['flows; DROP', "a'b", '', 'a b', '1a', 'a.b.c', 'flows --'])(
    'no name of a table or column: %j',
    (name) => {
      expect(() => table(name)).toThrow('is no name of a table');
      expect(() => column(name)).toThrow('is no name of a column');
    },
  );

  test('tables are named by table alone', () => {
    expect(() => sql`SELECT 1 FROM flows`).toThrow('names a table as text');
    expect(() => sql`SELECT 1 FROM ${table('flows')} INNER JOIN events USING (uuid)`).toThrow();
    expect(() => sql`SELECT uuid IN flows`).toThrow();
    expect(() => sql`SELECT 1 FROM ${table('flows')} ARRAY JOIN x WHERE y IN (1, 2)`).not.toThrow();
  });

  test('a statement is not used as text', () => {
    expect(() => String(sql`SELECT 1`)).toThrow('is used as text');
  });

  test('a statement cannot be changed', () => {
    const statement = sql`SELECT 1`;
    expect(Object.isFrozen(statement)).toBe(true);
  });
});

describe('rows', () => {
  const answering = (...answer: readonly (readonly unknown[])[]) => ({
    async *query() {
      yield* answer;
    },
  });
  const read = async (answer: readonly unknown[]) => {
    const shape = {
      name: text,
      count: bigint,
      port: number,
      open: flag,
      pods: list(text),
      last: nullable(bigint),
      pair: tuple(text, number),
    };
    for await (const row of rows(answering(answer), sql`SELECT 1`, shape)) return row;
    return undefined;
  };

  test('values by the kind of their column', async () => {
    const large = String(2n ** 63n);
    expect(await read(['a', large, 80, 1, ['x', 'y'], null, ['z', 2]])).toEqual({
      name: 'a',
      count: 2n ** 63n,
      port: 80,
      open: true,
      pods: ['x', 'y'],
      last: undefined,
      pair: ['z', 2],
    });
  });

  test.each([
    ['text', [1, '1', 1, 0, [], null, ['z', 2]]],
    ['number', ['a', '1', 'b', 0, [], null, ['z', 2]]],
    ['flag', ['a', '1', 1, 2, [], null, ['z', 2]]],
    ['list', ['a', '1', 1, 0, 'x', null, ['z', 2]]],
    ['tuple', ['a', '1', 1, 0, [], null, ['z']]],
    ['count of columns', ['a', '1']],
  ])('a wrong %s is a defect', async (_, answer) => {
    await expect(read(answer)).rejects.toMatchObject({ code: 'internal' });
  });
});
