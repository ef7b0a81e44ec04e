// What a kind of receiver implements. `delivery-worker.ts` does the rest for all of them: selection, order, retries and
// giving up.
import type { IncidentEvent } from '../../incident/incident-event.ts';

export type Outcome =
  | { readonly kind: 'taken'; readonly status: number }
  /** The receiver will never take the event: it is not retried. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly status: number;
      readonly reason: string;
      /** Wait requested by the receiver. */
      readonly retryAfterMs?: number;
    };

export interface RetryPolicy {
  /** Attempts at the same time. */
  readonly concurrency: number;
  /** Events in memory. */
  readonly held: number;
  /** Ceilings of the first and of any wait, milliseconds. */
  readonly retry: { readonly initial: number; readonly max: number };
  readonly maxAttempts: number;
  /** Age at which an event is given up, milliseconds. */
  readonly maxAge: number;
}

export interface Notifier {
  /** Unique among all receivers, and never changed: what was delivered is recorded by name. */
  readonly name: string;
  readonly policy: RetryPolicy;
  /** Throws `config/invalid` when the settings can never work, for example when a file is missing. */
  check(): Promise<void>;
  wants(event: IncidentEvent): boolean;
  /** One attempt. Never throws. */
  send(event: IncidentEvent, signal: AbortSignal): Promise<Outcome>;
  close(): void;
}
