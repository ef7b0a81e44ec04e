import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/config/suggest.ts';

describe('nearest', () => {
  const known = ['brokers', 'clientId', 'topic', 'kind', 'level'];

  it.each([
    ['broker', 'brokers'],
    ['borkers', 'brokers'],
    ['clientID', 'clientId'],
    ['knid', 'kind'],
    ['levl', 'level'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it.each(['password', 'x', 'sleep'])('takes %s for nothing', (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });
});
