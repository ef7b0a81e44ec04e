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

const SEVERITY = { ok: 0, degraded: 1, failed: 2 } as const;

/** The first of the worst; ok when there are none. */
export function worstOf(states: readonly Health[]): Health {
  return states.reduce<Health>(
    (worst, each) => (SEVERITY[each.state] > SEVERITY[worst.state] ? each : worst),
    { state: 'ok' },
  );
}
