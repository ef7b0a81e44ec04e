// Exponential backoff with full jitter: waits spread over the whole interval, so that many who lost the same peer
// do not come back together. Time and chance are injected.
import type { Clock } from './clock.ts';

export interface BackoffOptions {
  /** Ceiling of the first wait, milliseconds. */
  readonly initialMs: number;
  /** Ceiling no wait exceeds, milliseconds. */
  readonly maxMs: number;
  /** Growth of the ceiling from one wait to the next; 2 when left out. */
  readonly factor?: number;
  /** A number in [0, 1); Math.random when left out. */
  readonly random?: () => number;
}

export interface Backoff {
  /** Waits begun since the last `reset`. */
  readonly attempts: number;
  /** How long to wait now, milliseconds, and one attempt more. */
  next(): number;
  /** `next` slept on the clock; the milliseconds asked for. Resolves early, never rejects, when `signal` aborts. */
  wait(clock: Clock, signal?: AbortSignal): Promise<number>;
  /** After a success: the next wait starts small again. */
  reset(): void;
}

export function backoff(options: BackoffOptions): Backoff {
  const { initialMs, maxMs, factor = 2, random = Math.random } = options;
  let attempts = 0;
  const next = () => {
    const ceiling = Math.min(maxMs, initialMs * factor ** attempts);
    attempts++;
    return Math.round(random() * ceiling);
  };
  return {
    get attempts() {
      return attempts;
    },
    next,
    async wait(clock, signal) {
      const ms = next();
      await clock.sleep(ms, signal);
      return ms;
    },
    reset() {
      attempts = 0;
    },
  };
}
