import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindLiterals, quote } from '../../../../src/store/engine/literals.ts';

describe('bindLiterals', () => {
  test('every kind of value', () => {
    const sql =
      'SELECT {a:String}, {b:UInt64}, {c:Array(String)}, {d:Bool}, {e:Identifier}, { f : Float64 }';
    const params = { a: "it's", b: 2n ** 64n - 1n, c: ['x', "y'z"], d: false, e: 'a`b', f: 1.5 };
    expect(bindLiterals(sql, params)).toBe(
      "SELECT 'it\\'s', CAST('18446744073709551615', 'UInt64'), " +
        "CAST('[\\'x\\',\\'y\\\\\\'z\\']', 'Array(String)'), CAST('0', 'Bool'), `a\\`b`, CAST('1.5', 'Float64')",
    );
  });

  test('types with quotes of their own', () => {
    expect(bindLiterals("SELECT {t:DateTime64(3, 'UTC')}", { t: 5 })).toBe(
      "SELECT CAST('5', 'DateTime64(3, \\'UTC\\')')",
    );
  });

  test.each([
    "SELECT '{a:String}', 'it''s {a:String}', 'back\\'{a:String}'",
    'SELECT `{a:String}`, "{a:String}"',
    'SELECT 1 -- {a:String}',
    'SELECT 1 /* {a:String}\n{a:String} */',
    "SELECT {'key': 1}",
  ])('leaves alone: %s', (sql) => {
    expect(bindLiterals(sql, { a: 'x' })).toBe(sql);
  });

  test('a value is never read as SQL again', () => {
    expect(bindLiterals('{a:String}{b:String}', { a: '{b:String}', b: "'" })).toBe(
      "'{b:String}''\\''",
    );
  });

  test('a missing value is named', () => {
    expect(() => bindLiterals('SELECT {who:String}', {})).toThrow('no value for {who:String}');
    expect(() => bindLiterals('SELECT {toString:String}', {})).toThrow('no value');
    expect(() => bindLiterals('SELECT {n:UInt8}', { n: Number.NaN })).toThrow('NaN');
  });
});

test('a quoted string has no end but its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '\\', 'a', '\0', '\n', '☃') }), (text) => {
      const quoted = quote(text);
      // Undo it as ClickHouse reads it: a backslash takes the next character as it is.
      expect(quoted).toMatch(/^'(?:[^'\\]|\\[\s\S])*'$/);
      const read = quoted
        .slice(1, -1)
        .replace(/\\([\s\S])/g, (_, next) => (next === '0' ? '\0' : next));
      expect(read).toBe(text);
    }),
  );
});
