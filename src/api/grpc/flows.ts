// GetFlows: responses as bytes, reduced by the field mask, as fast as the client reads.
import type { Logger } from 'pino';
import { encode } from '../../hubble/proto/codec.ts';
import { maskResponse } from '../../hubble/proto/field-mask.ts';
import { type GetFlowsRequest, GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type { NodeStates } from '../../query/coverage/node-states.ts';
import { type AnswerDeps, answer } from '../../query/flows/answer.ts';
import { CostMeter } from '../../query/read/cost.ts';
import { scopedStore } from '../../query/read/scope.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CallNote, Write } from './calls.ts';
import type { GrpcMetrics } from './metrics.ts';
import { nodesFirst, reachesNow } from './nodes-first.ts';
import { type FlowsCall, readFlowsCall } from './request.ts';
import { followUntil } from './until.ts';

export interface FlowsDeps {
  readonly answers: Omit<AnswerDeps, 'scope'>;
  readonly maxFilters: number;
  readonly metrics: GrpcMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

export async function getFlows(
  deps: FlowsDeps & { readonly states: () => Promise<NodeStates> },
  request: GetFlowsRequest,
  write: Write<Buffer>,
  signal: AbortSignal,
  note: CallNote,
): Promise<void> {
  const { metrics, logger } = deps;
  const call = readFlowsCall(request, deps.maxFilters);
  const { scope } = note.principal;
  const meter = new CostMeter();
  const store = scopedStore(meter.reader(deps.answers.store), scope);
  note.window = { ...textOf('since', call.since), ...textOf('until', call.until) };
  const live = liveFor(call, deps);
  const send = (bytes: Buffer, kind: 'flow' | 'event') => {
    metrics.responses.inc({ kind });
    metrics.bytes.inc(bytes.length);
    return write(bytes);
  };
  try {
    const now = deps.clock.now();
    const first = reachesNow(call, now) ? nodesFirst(await deps.states(), now) : [];
    // Throws for invalid filters, before anything is sent.
    const items = answer({ ...deps.answers, live, store, scope }, call, signal);
    for (const status of first) await send(encode(GetFlowsResponse, status), 'event');
    for await (const item of items) {
      if (item.kind === 'notice') {
        logger.debug({ notice: item.notice }, 'notice not sent');
        continue;
      }
      const bytes = call.mask && item.isFlow ? maskResponse(item.bytes, call.mask) : item.bytes;
      await send(bytes, item.isFlow ? 'flow' : 'event');
      if (signal.aborted) break;
    }
  } finally {
    note.cost = await meter.cost();
  }
}

function liveFor(
  { until }: FlowsCall,
  { answers: { live }, clock }: FlowsDeps,
): AnswerDeps['live'] {
  return live === undefined || until === undefined ? live : followUntil(live, until, clock);
}

function textOf(
  name: 'since' | 'until',
  nanos: bigint | undefined,
): { since?: string; until?: string } {
  const text = nanos === undefined ? undefined : formatTimestamp(fromNanos(nanos));
  return text === undefined ? {} : { [name]: text };
}
