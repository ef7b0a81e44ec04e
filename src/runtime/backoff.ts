// Exponential backoff with jitter, so that clients that lost the same peer do not reconnect together.
import type { Clock } from './clock.ts';

export interface BackoffOptions {
  /** Ceiling of the first wait, milliseconds. */
  readonly initialMs: number;
  /** Ceiling no wait exceeds, milliseconds. */
  readonly maxMs: number;
  /** Growth of the ceiling from one wait to the next; 2 when left out. */
  readonly factor?: number;
  /** Share of the ceiling that every wait has at least: 0, the default, is full jitter, 1 is none. */
  readonly floor?: number;
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

/** Waits of a client that retries until it succeeds: between half of the ceiling and all of it. */
export function retryBackoff(config: {
  readonly retryInitial: number;
  readonly retryMax: number;
}): Backoff {
  return backoff({ initialMs: config.retryInitial, maxMs: config.retryMax, floor: 0.5 });
}

export function backoff(options: BackoffOptions): Backoff {
  const { initialMs, maxMs, factor = 2, floor = 0, random = Math.random } = options;
  let attempts = 0;
  const next = () => {
    const ceiling = Math.min(maxMs, initialMs * factor ** attempts);
    attempts++;
    return Math.round((floor + random() * (1 - floor)) * ceiling);
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
