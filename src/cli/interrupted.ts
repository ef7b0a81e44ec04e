/** Aborts on the first SIGINT or SIGTERM. */
export function interrupted(): AbortSignal {
  const over = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => over.abort());
  return over.signal;
}
