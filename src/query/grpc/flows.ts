// GetFlows: the answer's responses as bytes, cut by the field mask, as fast as the client reads.
import type { Logger } from 'pino';
import { maskResponse } from '../../hubble/field-mask.ts';
import type { GetFlowsRequest } from '../../hubble/schema.gen.ts';
import { formatTimestamp, fromNanos, toNanos } from '../../hubble/timestamp.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type AnswerDeps, answer } from '../answer.ts';
import { CostMeter } from '../cost.ts';
import type { Outgoing } from '../outgoing.ts';
import { scopedStore } from '../scope.ts';
import type { CallNote, Write } from './calls.ts';
import type { GrpcMetrics } from './metrics.ts';
import { type FlowsCall, readFlowsCall } from './request.ts';

export interface FlowsDeps {
  readonly answers: Omit<AnswerDeps, 'scope'>;
  readonly maxFilters: number;
  readonly metrics: GrpcMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A live stream with an end goes on for so long after it: flows take a while to arrive. */
const LATE_MS = 5000;
const NANOS_PER_MS = 1_000_000n;

export async function getFlows(
  deps: FlowsDeps,
  request: GetFlowsRequest,
  write: Write<Buffer>,
  signal: AbortSignal,
  note: CallNote,
): Promise<void> {
  const { metrics, logger } = deps;
  const call = readFlowsCall(request, deps.maxFilters);
  const { scope } = note.asker;
  const meter = new CostMeter();
  const store = scopedStore(meter.reader(deps.answers.store), scope);
  note.window = { ...textOf('since', call.since), ...textOf('until', call.until) };
  const ends = endOf(call, deps.clock, signal);
  try {
    for await (const item of answer({ ...deps.answers, store, scope }, call, ends.signal)) {
      if (item.kind === 'notice') {
        logger.debug({ notice: item.notice }, 'not told over grpc');
        continue;
      }
      if (call.follow && call.until !== undefined && isAfter(item, call.until)) continue;
      const bytes = call.mask && item.isFlow ? maskResponse(item.bytes, call.mask) : item.bytes;
      metrics.responses.inc({ kind: item.isFlow ? 'flow' : 'event' });
      metrics.bytes.inc(bytes.length);
      await write(bytes);
      if (ends.signal.aborted) break;
    }
  } finally {
    ends.clear();
    note.cost = await meter.cost();
  }
}

function textOf(
  name: 'since' | 'until',
  nanos: bigint | undefined,
): { since?: string; until?: string } {
  const text = nanos === undefined ? undefined : formatTimestamp(fromNanos(nanos));
  return text === undefined ? {} : { [name]: text };
}

/** Aborts with `signal`, and of a live stream with `until` when that is over. */
function endOf({ follow, until }: FlowsCall, clock: Clock, signal: AbortSignal) {
  if (!follow || until === undefined) return { signal, clear: () => {} };
  const over = new AbortController();
  const cleared = new AbortController();
  const left = Number(until / NANOS_PER_MS) - clock.now() + LATE_MS;
  void clock
    .sleep(Math.min(Math.max(0, left), 2 ** 31 - 1), cleared.signal)
    .then(() => over.abort());
  return { signal: AbortSignal.any([signal, over.signal]), clear: () => cleared.abort() };
}

function isAfter({ response: { flow, time } }: Outgoing, until: bigint): boolean {
  const of = flow?.time ?? time;
  return of !== undefined && toNanos(of) > until;
}
