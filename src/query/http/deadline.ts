// The time that an answer may take, and that others wait for it.
import { ParallaxError } from '../../runtime/errors.ts';

/** Ends when the time is up, whatever the work makes of its signal. Throws `query/timeout`. */
export async function within<T>(
  limitMs: number,
  left: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([left, over.signal]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const why = `no answer within ${limitMs} ms (api.timeout); ask for a shorter window or fewer things`;
      reject(new ParallaxError('query/timeout', why));
      over.abort();
    }, limitMs);
  });
  try {
    return await Promise.race([work(signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What comes within so many milliseconds; undefined when it is not there by then. */
export async function soon<T extends object>(
  coming: Promise<T>,
  ms: number,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}
