// Value kinds of the configuration that zod does not have: durations and sizes, written as people write them.

import { z } from 'zod';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../runtime/time.ts';

const DURATION_MS = { ms: 1, s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
const SIZE_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** A duration such as `250ms`, `5s`, `1m30s`, `7d`; milliseconds once parsed. */
export const duration = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, 'expected a duration such as 250ms, 5s, 1m30s or 7d')
  .transform((text) => {
    let total = 0;
    for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g)) {
      // The pattern allows only the units of the table.
      total += Number(amount) * DURATION_MS[unit as keyof typeof DURATION_MS];
    }
    return total;
  });

/** A size such as `512KiB`, `64MiB`; bytes once parsed. */
export const size = z
  .string()
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB)$/, 'expected a size such as 512KiB or 64MiB')
  .transform((text) => {
    const [, amount, , unit] = /^(\d+(\.\d+)?)(B|KiB|MiB|GiB)$/.exec(text) ?? [];
    // The pattern allows only the units of the table.
    return Math.round(Number(amount) * SIZE_BYTES[unit as keyof typeof SIZE_BYTES]);
  });
