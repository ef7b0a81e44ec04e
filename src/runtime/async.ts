// Promises that are resolved from outside, and waiting for a signal or no longer than one lets us.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Resolves when the signal aborts, at once when it has. Never rejects. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits for what is ending by itself; at the limit, if it comes first, `cut` makes it end. */
export async function endWithin(
  limit: AbortSignal,
  ending: Promise<void>,
  cut: () => void,
): Promise<void> {
  limit.addEventListener('abort', cut, { once: true });
  if (limit.aborted) cut();
  await ending;
  limit.removeEventListener('abort', cut);
}
