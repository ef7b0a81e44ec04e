// Messages between the collector thread and the main thread. Batches are moved, not copied.
import type { ClusterConfig } from '../ingest/config.ts';
import type { Health } from '../runtime/component.ts';
import type { SetChanges } from './collector-set.ts';

export type ToThread =
  /** The record with this number is durable, or was refused with the error. */
  | { readonly kind: 'published'; readonly id: number; readonly error?: ThreadError }
  /** Change the collected clusters. */
  | { readonly kind: 'clusters'; readonly id: number; readonly clusters: readonly ClusterConfig[] }
  | { readonly kind: 'stop' }
  /** The time for stopping is over: drop what is left. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'metrics'; readonly id: number };

export type FromThread =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'publish';
      readonly id: number;
      readonly key: string;
      readonly value: Uint8Array;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | {
      readonly kind: 'applied';
      readonly id: number;
      readonly changes?: SetChanges;
      readonly error?: ThreadError;
    }
  | { readonly kind: 'health'; readonly health: Health }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: ThreadError };

export interface ThreadError {
  readonly code: string | undefined;
  readonly message: string;
}
