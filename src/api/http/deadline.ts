import { ParallaxError } from '../../runtime/errors.ts';

/** Runs `work` for at most `limitMs`, even if it ignores its signal. Throws `query/timeout`. */
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
      const why = `no result within ${limitMs} ms (api.timeout); use a shorter window or more filters`;
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
