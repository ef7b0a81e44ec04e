// What a collector knows about its own completeness: the facts from which others say which time is covered.
import type { Node, ServerStatusResponse } from '../../hubble/proto/schema.gen.ts';

export interface TimeRange {
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Undefined while it lasts. */
  readonly to: number | undefined;
}

export interface NodeCoverage {
  readonly name: string;
  /** Responses since the collector started. */
  readonly received: number;
  /** Flows the node itself reported as lost. */
  readonly lost: number;
  /** Newest flow time and latest arrival, milliseconds since 1970; undefined when nothing came. */
  readonly newest: number | undefined;
  readonly heard: number | undefined;
  /** The relay's view at the last poll. */
  readonly relay: Node | undefined;
}

export interface CollectorCoverage {
  readonly cluster: string;
  readonly relay: string;
  readonly collector: string;
  readonly state: 'idle' | 'connecting' | 'streaming' | 'paused' | 'waiting' | 'stopped';
  readonly startedAt: number;
  /** The stream now open: since when, and from when it asked. */
  readonly stream: { readonly openedAt: number; readonly since: number } | undefined;
  /** Streams that ended. */
  readonly reconnects: number;
  readonly lastError:
    | { readonly code: string; readonly message: string; readonly at: number }
    | undefined;
  readonly received: { readonly responses: number; readonly bytes: number };
  readonly published: { readonly batches: number; readonly responses: number };
  readonly unpublished: { readonly batches: number; readonly bytes: number; readonly open: number };
  /** Responses lost for good: too large for us or for the bus. */
  readonly dropped: number;
  /** When reading was paused, the newest hundred. */
  readonly pauses: readonly TimeRange[];
  readonly server: { readonly at: number; readonly status: ServerStatusResponse } | undefined;
  readonly nodes: readonly NodeCoverage[];
}
