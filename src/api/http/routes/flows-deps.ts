import type { AnswerDeps } from '../../../query/flows/answer.ts';
import type { ApiConfig } from '../../config.ts';
import type { ApiMetrics } from '../../metrics.ts';
import type { Gate } from '../gate.ts';
import type { RouteDeps } from '../route.ts';

export interface FlowsRouteDeps extends RouteDeps {
  readonly config: ApiConfig;
  readonly live: AnswerDeps['live'];
  readonly metrics: ApiMetrics;
  /** For streams. */
  readonly enterStream: Gate;
  readonly failed: (error: unknown) => void;
  /** Replies without an end, whose duration is not measured. */
  readonly endless: WeakSet<object>;
}
