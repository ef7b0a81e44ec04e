// The end of a command that its user does not want to wait for.

/** Aborts when the process is told to end. */
export function interrupted(): AbortSignal {
  const over = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => over.abort());
  return over.signal;
}
