// What became of telling one receiver of one event, as it is told to people, and what can be asked of it. No I/O.
import type { IncidentEventKind } from './incident-event.ts';

/** States that a delivery can be asked for by. */
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
  /** Place of the event in the log. */
  readonly cursor: string;
  /** Id of the incident. */
  readonly incident: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface DeliveriesQuestion {
  readonly receiver?: string | undefined;
  readonly state?: ListedState | undefined;
  readonly limit: number;
}

export interface RedeliverRequest {
  readonly keys: readonly string[];
  readonly receiver?: string | undefined;
  /** All that were given up. */
  readonly dead: boolean;
}

export interface Redelivered {
  /** So many will be told again. */
  readonly again: number;
  /** There are more than are taken at once. */
  readonly more: boolean;
}

/** Where deliveries are asked about: the store itself, or a server that has it. */
export interface DeliveryDesk {
  /** The newest first. */
  list(question: DeliveriesQuestion, signal: AbortSignal): Promise<readonly DeliveryDocument[]>;
  /** Throws `input/not-found` for keys of no delivery. */
  redeliver(request: RedeliverRequest, signal: AbortSignal): Promise<Redelivered>;
}
