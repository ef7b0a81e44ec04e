// The time a document may take.
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
