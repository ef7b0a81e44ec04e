// The life of everything that runs: a component is inert until `start`, and owns its own end.

export type Health =
  | { readonly state: 'ok' }
  | { readonly state: 'degraded' | 'failed'; readonly reason: string };

export interface Component {
  readonly name: string;
  /** Resolves when the component serves. `signal` aborting asks it to leave at once, without draining. */
  start(signal: AbortSignal): Promise<void>;
  /** Drains and ends. `limit` aborts when the time for draining is over: leave then with what is left, and say it. */
  stop(limit: AbortSignal): Promise<void>;
  health(): Health;
}
