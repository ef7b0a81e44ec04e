import { describe, expect, it } from 'vitest';
import { backoff } from '../../../src/runtime/backoff.ts';

describe('backoff', () => {
  it('doubles its ceiling up to the limit, and spreads over all of it', () => {
    const top = backoff({ initialMs: 100, maxMs: 1000, random: () => 0.999_999 });
    expect([1, 2, 3, 4, 5, 6].map(() => top.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
    const bottom = backoff({ initialMs: 100, maxMs: 1000, random: () => 0 });
    expect([bottom.next(), bottom.next()]).toEqual([0, 0]);
  });

  it('keeps every wait above its floor', () => {
    const least = backoff({ initialMs: 100, maxMs: 1000, floor: 0.5, random: () => 0 });
    expect([least.next(), least.next()]).toEqual([50, 100]);
    const most = backoff({ initialMs: 100, maxMs: 1000, floor: 0.5, random: () => 0.999_999 });
    expect([most.next(), most.next()]).toEqual([100, 200]);
  });

  it('starts small again after a success', () => {
    const waits = backoff({ initialMs: 10, maxMs: 1000, factor: 3, random: () => 1 });
    waits.next();
    expect(waits.next()).toBe(30);
    expect(waits.attempts).toBe(2);
    waits.reset();
    expect(waits.attempts).toBe(0);
    expect(waits.next()).toBe(10);
  });

  it('does not overflow after very many tries', () => {
    const waits = backoff({ initialMs: 10, maxMs: 1000, random: () => 1 });
    for (let i = 0; i < 5000; i++) waits.next();
    expect(waits.next()).toBe(1000);
  });

  it('sleeps on the clock it is given', async () => {
    const slept: [number, AbortSignal | undefined][] = [];
    const clock = {
      now: () => 0,
      sleep: async (ms: number, signal?: AbortSignal) => void slept.push([ms, signal]),
    };
    const { signal } = new AbortController();
    const waits = backoff({ initialMs: 50, maxMs: 1000, random: () => 0.5 });
    expect(await waits.wait(clock, signal)).toBe(25);
    expect(slept).toEqual([[25, signal]]);
  });
});
