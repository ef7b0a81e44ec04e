import { describe, expect, it } from 'vitest';
import { duration, size } from '../../../src/config/values.ts';

describe('duration', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['0d', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(duration.parse(text)).toBe(ms);
  });

  it.each(['', '5', 's', '-5s', '5 s', '5sec', '1e3s'])('refuses %o', (text) => {
    expect(duration.safeParse(text).success).toBe(false);
  });
});

describe('size', () => {
  it.each([
    ['0B', 0],
    ['512KiB', 524_288],
    ['1.5MiB', 1_572_864],
    ['200GiB', 214_748_364_800],
  ])('%s is %i bytes', (text, bytes) => {
    expect(size.parse(text)).toBe(bytes);
  });

  it.each(['', '5', '5MB', '5 MiB', '-1B', '1kib'])('refuses %o', (text) => {
    expect(size.safeParse(text).success).toBe(false);
  });
});
