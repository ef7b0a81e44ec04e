// Streams of flows as JSON lines, CSV or server-sent events, written as fast as the client reads.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { toNanos } from '../../../hubble/proto/timestamp.ts';
import { type AnswerItem, answer } from '../../../query/flows/answer.ts';
import type { EncodedResponse } from '../../../query/flows/encoded-response.ts';
import { csvHead, csvLine } from '../../../query/flows/flow-csv.ts';
import type { CostMeter } from '../../../query/read/cost.ts';
import type { TimeRange } from '../../../query/read/range.ts';
import type { ScanProgress } from '../../../query/read/scan.ts';
import type { Reader } from '../../../store/store.ts';
import type { Principal } from '../../principal.ts';
import type { Note } from '../audit.ts';
import { coverageWithin } from '../envelope.ts';
import { problemOf } from '../problem.ts';
import type { FlowsFormat, FlowsRequest } from '../request.ts';
import { type ServerEvent, sendEvents } from '../sse.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';

export const NDJSON = 'application/x-ndjson; charset=utf-8';
export const CSV = 'text/csv; charset=utf-8; header=present';
/** Lines are written in pieces of about this many characters. */
const PIECE_CHARS = 64 * 1024;
/** Interval of progress while a scan has found nothing yet. */
const PROGRESS_MS = 1000;

export interface StreamAnswer {
  readonly query: FlowsRequest;
  readonly format: FlowsFormat;
  readonly columns: readonly string[];
  readonly store: Reader;
  readonly meter: CostMeter;
  readonly note: Note;
  readonly principal: Principal;
}

/** What an answer consists of beside the flows. */
type StreamItem =
  | { readonly progress: object }
  | { readonly notice: string }
  | { readonly error: object }
  | { readonly coverage: object | null; readonly cost: object };

export async function sendStream(
  deps: FlowsRouteDeps,
  wanted: StreamAnswer,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<FastifyReply> {
  const { query, format } = wanted;
  const writer = new FlowStreamWriter(deps, wanted, signal);
  // Errors before the first flow become the status of the response. With notices, a long scan reports its progress
  // instead, and errors are part of the stream.
  if (!query.follow) await (writer.hasNotices ? soon(writer.first) : writer.first);
  if (query.follow) deps.endless.add(reply);
  // A compressor would hold back single lines; @fastify/compress is turned off by this header.
  if (query.follow || writer.hasNotices) reply.request.headers['x-no-compression'] = 'live';
  if (format === 'sse') return sendEvents(reply, writer.events(), deps.config);
  const stream = Readable.from(writer.pieces(), { objectMode: false });
  reply
    .header('content-type', format === 'csv' ? CSV : NDJSON)
    .header('cache-control', 'no-store')
    .send(stream);
  // A live stream may have nothing to send for long; its headers show the client that it is open.
  if (query.follow) reply.raw.flushHeaders();
  return reply;
}

class FlowStreamWriter {
  readonly first: Promise<IteratorResult<AnswerItem>>;
  /** Whether notices, progress, errors, coverage and cost are part of the stream. */
  readonly hasNotices: boolean;
  private readonly items: AsyncGenerator<AnswerItem>;
  private readonly deps: FlowsRouteDeps;
  private readonly wanted: StreamAnswer;
  private readonly signal: AbortSignal;
  private progress: ScanProgress | undefined;
  private oldest: bigint | undefined;

  constructor(deps: FlowsRouteDeps, wanted: StreamAnswer, signal: AbortSignal) {
    this.deps = deps;
    this.wanted = wanted;
    this.signal = signal;
    const { query, store, principal, format } = wanted;
    this.hasNotices = query.notices || format === 'sse';
    const progress = (now: ScanProgress) => {
      this.progress = now;
    };
    const { config, live } = deps;
    const answers = { store, live, limits: config, scope: principal.scope, progress };
    this.items = answer(answers, query, signal);
    this.first = this.items.next();
    wanted.note.flows = 0;
  }

  async *pieces(): AsyncGenerator<string> {
    const { query, format, columns } = this.wanted;
    const lineOf = (item: EncodedResponse | StreamItem): string => {
      if (!('kind' in item)) return `${JSON.stringify({ parallax: item })}\n`;
      return format === 'csv' ? csvLine(columns, item.response) : `${item.line}\n`;
    };
    let piece = format === 'csv' ? csvHead(columns) : '';
    for await (const item of this.stream()) {
      if (!('kind' in item) && (format === 'csv' || !query.notices)) continue;
      piece += lineOf(item);
      const waits = 'progress' in item || query.follow;
      if (piece.length < PIECE_CHARS && !waits) continue;
      if (piece !== '') yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }

  async *events(): AsyncGenerator<ServerEvent> {
    for await (const item of this.stream()) {
      if ('kind' in item) yield flowEvent(item);
      else if ('progress' in item) yield { event: 'progress', data: item.progress };
      else if ('notice' in item) yield { event: 'notice', data: { notice: item.notice } };
      else if ('error' in item) yield { event: 'problem', data: item.error };
      else yield { event: 'end', data: item };
    }
  }

  private async *stream(): AsyncGenerator<EncodedResponse | StreamItem> {
    const { query, note, meter } = this.wanted;
    try {
      if (this.hasNotices && !query.follow)
        while (!(await soon(this.first))) yield { progress: progressOf(this.progress) };
      for (let next = await this.first; !next.done; next = await this.items.next()) {
        if (next.value.kind === 'notice') yield { notice: next.value.notice };
        else yield this.counted(next.value);
      }
      if (this.hasNotices && !query.follow) yield await this.end();
    } catch (error) {
      this.deps.failed(error);
      // Without notices the broken transfer shows the error.
      if (!this.hasNotices) throw error;
      yield { error: problemOf(error) };
    } finally {
      await this.items.return(undefined);
      note.cost = await meter.cost();
    }
  }

  private counted(item: EncodedResponse): EncodedResponse {
    const { note } = this.wanted;
    note.flows = (note.flows ?? 0) + 1;
    // Oldest first.
    this.oldest ??= timeOf(item);
    this.deps.metrics.responses.inc({ kind: item.isFlow ? 'flow' : 'event' });
    return item;
  }

  private async end(): Promise<StreamItem> {
    const { query, store, meter } = this.wanted;
    const nowMs = this.deps.clock.now();
    const about: TimeRange = { since: query.since ?? this.oldest, until: query.until };
    const coverage = await coverageWithin(store, about, nowMs, this.signal);
    return { coverage, cost: await meter.cost() };
  }
}

function flowEvent(item: EncodedResponse): ServerEvent {
  const { flow, lost_events, node_status } = item.response;
  const event =
    flow !== undefined
      ? 'flow'
      : lost_events !== undefined
        ? 'lost_events'
        : node_status !== undefined
          ? 'node_status'
          : 'event';
  const time = timeOf(item);
  const id = time === undefined || time < 0n ? {} : { id: `${time}-${flow?.uuid ?? event}` };
  return { event, ...id, data: item.line };
}

function timeOf({ response: { flow, time } }: EncodedResponse): bigint | undefined {
  const of = flow?.time ?? time;
  return of && toNanos(of);
}

/** Waits for the first item, at most PROGRESS_MS; false when it is not there yet. */
async function soon(answered: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROGRESS_MS);
  });
  try {
    return await Promise.race([answered.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function progressOf(seen: ScanProgress | undefined): object {
  if (seen === undefined) return {};
  const { rows, first, last, at } = seen;
  return { rows, first: String(first), last: String(last), at: String(at) };
}
