// The routes that stream flows as JSON lines, each as `hubble observe -o jsonpb` prints it. A slow client slows only its
// own answer; one that leaves ends it.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../../runtime/clock.ts';
import { type AnswerDeps, type AnswerItem, answer } from '../answer.ts';
import type { ApiConfig } from '../config.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { ScanProgress } from '../scan.ts';
import type { Gate } from './gate.ts';
import { problemOf } from './problem.ts';
import { type FlowsRequest, readFlowsRequest } from './request.ts';

export interface FlowsRouteDeps {
  readonly config: ApiConfig;
  readonly answers: AnswerDeps;
  readonly clock: Clock;
  readonly metrics: ApiMetrics;
  readonly enter: Gate;
  readonly failed: (error: unknown) => void;
  /** Where answers without an end are noted, so that their time is not measured. */
  readonly endless: WeakSet<object>;
}

const NDJSON = 'application/x-ndjson; charset=utf-8';
/** Lines are written in pieces of about this many characters. */
const PIECE_CHARS = 64 * 1024;
/** How often a search that has found nothing yet says how far it has come. */
const PROGRESS_MS = 1000;

export function addFlowsRoutes(app: FastifyInstance, deps: FlowsRouteDeps): void {
  const handle = async (input: unknown, reply: FastifyReply) => {
    const now = BigInt(deps.clock.now()) * 1_000_000n;
    const request = readFlowsRequest(input, now, deps.config.maxFilters);
    return send(request, reply, deps.enter(reply), deps);
  };
  app.get('/api/v1/flows', (request, reply) => handle(request.query, reply));
  // Two colons: the router takes one for the beginning of a parameter.
  app.post('/api/v1/flows::query', (request, reply) => handle(request.body, reply));
}

async function send(
  request: FlowsRequest,
  reply: FastifyReply,
  signal: AbortSignal,
  deps: FlowsRouteDeps,
): Promise<FastifyReply> {
  let seen: ScanProgress | undefined;
  const progress = (now: ScanProgress) => {
    seen = now;
  };
  const items = answer({ ...deps.answers, progress }, request, signal);
  const first = items.next();
  // History fails before the first byte where it can, so that the status says so. Whoever asked for notices is told
  // how far a long search has come instead of waiting, and of a failure in the stream.
  if (!request.follow) await (request.notices ? soon(first) : first);
  const lines = pieces(items, first, request, deps, () => seen);
  const stream = Readable.from(lines, { objectMode: false });
  if (request.follow) deps.endless.add(reply);
  reply.header('content-type', NDJSON).header('cache-control', 'no-store').send(stream);
  // A quiet live stream has nothing to send for long: its client should know that it is open.
  reply.raw.flushHeaders();
  return reply;
}

async function* pieces(
  items: AsyncGenerator<AnswerItem>,
  first: Promise<IteratorResult<AnswerItem>>,
  request: FlowsRequest,
  deps: FlowsRouteDeps,
  seen: () => ScanProgress | undefined,
): AsyncGenerator<string> {
  let piece = '';
  try {
    if (request.notices && !request.follow) while (!(await soon(first))) yield progressLine(seen());
    for (let next = await first; !next.done; next = await items.next()) {
      piece += lineOf(next.value, request.notices, deps.metrics);
      if (piece.length < PIECE_CHARS && !request.follow) continue;
      if (piece !== '') yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  } catch (error) {
    deps.failed(error);
    // A client that did not ask for notices learns it from the broken transfer.
    if (!request.notices) throw error;
    yield `${piece}${JSON.stringify({ parallax: { error: problemOf(error) } })}\n`;
  } finally {
    await items.return(undefined);
  }
}

/** Waits for the answer, but no longer than PROGRESS_MS; false when it is not there yet. */
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

function progressLine(seen: ScanProgress | undefined): string {
  const progress = seen && {
    rows: seen.rows,
    first: String(seen.first),
    last: String(seen.last),
    at: String(seen.at),
  };
  return `${JSON.stringify({ parallax: { progress: progress ?? {} } })}\n`;
}

function lineOf(item: AnswerItem, notices: boolean, metrics: ApiMetrics): string {
  if (item.kind === 'notice')
    return notices ? `${JSON.stringify({ parallax: { notice: item.notice } })}\n` : '';
  metrics.responses.inc({ kind: item.isFlow ? 'flow' : 'event' });
  return `${item.line}\n`;
}
