import { describe, expect, test } from 'vitest';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { clickhouseCode, storeFailure } from '../../../../src/store/engine/failure.ts';

const coded = (code: unknown, message = 'no') => Object.assign(new Error(message), { code });
const embedded = (clickhouseCode: number) =>
  Object.assign(new Error('no'), { code: 'CHDB_QUERY', clickhouseCode });
const codeOf = (error: unknown, operation: 'insert' | 'query' | 'command') =>
  storeFailure(error, operation, 'insert of 5 rows into flows', 'http://x').code;

describe('storeFailure', () => {
  test.each([252, 241, 242, 202, 159, 209, 210, 243, 319, 745])(
    'server code %i on insert: try again',
    (code) => {
      expect(codeOf(coded(String(code)), 'insert')).toBe('store/unavailable');
      expect(codeOf(embedded(code), 'insert')).toBe('store/unavailable');
    },
  );

  test.each([158, 159, 160, 241, 307, 396])('server code %i on query: over a limit', (code) => {
    expect(codeOf(coded(String(code)), 'query')).toBe('store/limit');
  });

  test.each([16, 27, 33, 47, 53, 60, 62, 81, 117, 164, 497, 516])(
    'server code %i: no use to try again',
    (code) => {
      expect(codeOf(coded(String(code)), 'insert')).toBe('store/rejected');
      expect(codeOf(coded(String(code)), 'query')).toBe('store/rejected');
    },
  );

  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENOSPC',
  ])('socket code %s: try again', (code) => {
    expect(codeOf(coded(code), 'insert')).toBe('store/unavailable');
    expect(codeOf(new Error('outer', { cause: coded(code) }), 'query')).toBe('store/unavailable');
  });

  test('no code from HTTP (a proxy, a time-out of the client): try again', () => {
    expect(codeOf(new Error('Timeout error.'), 'insert')).toBe('store/unavailable');
  });

  test('no code from the embedded engine: no use to try again', () => {
    expect(codeOf(coded('CHDB_STREAM'), 'query')).toBe('store/rejected');
  });

  test('says what, where, and keeps the cause; a long text is cut', () => {
    const cause = coded('60', `${'x'.repeat(5000)}\nstack`);
    const failure = storeFailure(cause, 'insert', 'insert of 5 rows into flows', 'http://x');
    expect(failure.message).toMatch(/^insert of 5 rows into flows at http:\/\/x: x+…$/);
    expect(failure.message.length).toBeLessThan(600);
    expect(failure.cause).toBe(cause);
  });

  test('an error of ours stays as it is', () => {
    const ours = new ParallaxError('store/locked', 'taken');
    expect(storeFailure(ours, 'query', '', '')).toBe(ours);
  });
});

test('the code is found in a streamed query’s text, but only from the engine', () => {
  const text = 'Code: 159. DB::Exception: Timeout exceeded';
  expect(clickhouseCode(coded('CHDB_STREAM', text))).toBe(159);
  expect(clickhouseCode(new Error(text))).toBeUndefined();
  expect(clickhouseCode('Code: 1.')).toBeUndefined();
});
