// What tells of incidents: one file a kind makes these from its settings, and `courier.ts` does the rest for all of
// them (which events, in which order, again when it failed, and when to give up).
import type { IncidentEvent } from '../../incident/incident-event.ts';

export type Outcome =
  | { readonly kind: 'taken'; readonly status: number }
  /** It will never be taken: not tried again. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly status: number;
      readonly reason: string;
      /** The receiver asks for so long a pause. */
      readonly retryAfterMs?: number;
    };

/** How a receiver is to be treated. */
export interface Patience {
  /** Attempts at once. */
  readonly concurrency: number;
  /** Events held in memory. */
  readonly held: number;
  readonly retry: { readonly initial: number; readonly max: number };
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

export interface Notifier {
  /** Unique among all receivers, and never changed. */
  readonly name: string;
  readonly patience: Patience;
  /** Throws `config/invalid` when it can never work: a file that is not there, for one. */
  check(): Promise<void>;
  wants(event: IncidentEvent): boolean;
  /** One attempt. Never throws. */
  send(event: IncidentEvent, signal: AbortSignal): Promise<Outcome>;
  close(): void;
}
