// Deliveries of events to receivers, as API and command line show them.
import type { IncidentEventKind } from './incident-event.ts';

/** States to filter deliveries by. */
export const DELIVERY_STATES = ['delivered', 'dead', 'again'] as const;
export type ListedState = (typeof DELIVERY_STATES)[number];

export interface DeliveryDocument {
  readonly receiver: string;
  /** Of the event. */
  readonly key: string;
  readonly kind: IncidentEventKind;
  readonly state: ListedState;
  readonly attempts: number;
  /** HTTP status of the last attempt; 0 without one. */
  readonly status: number;
  readonly reason: string;
  /** Sequence of the event in the log. */
  readonly cursor: string;
  /** Id of the incident. */
  readonly incident: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface DeliveriesQuery {
  readonly receiver?: string | undefined;
  readonly state?: ListedState | undefined;
  readonly limit: number;
}

export interface RedeliverRequest {
  readonly keys: readonly string[];
  readonly receiver?: string | undefined;
  /** All events that were given up. */
  readonly dead: boolean;
}

export interface Redelivered {
  /** Number of events to be delivered again. */
  readonly again: number;
  /** There are more than one request takes. */
  readonly more: boolean;
}

/** The store itself, or a server that has it. */
export interface DeliveryService {
  /** The newest first. */
  list(query: DeliveriesQuery, signal: AbortSignal): Promise<readonly DeliveryDocument[]>;
  /** Throws `input/not-found` for keys of no delivery. */
  redeliver(request: RedeliverRequest, signal: AbortSignal): Promise<Redelivered>;
}
