// One page of flows. It is read completely before it is sent, because its headers name the next page.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { toJson, toJsonLine } from '../../../hubble/json/json.ts';
import { GetFlowsResponse } from '../../../hubble/proto/schema.gen.ts';
import { celFailures } from '../../../query/flows/cel-failures.ts';
import { csvHead, csvLine } from '../../../query/flows/flow-csv.ts';
import {
  cursorOf,
  type FlowPage,
  placeOfCursor,
  readFlowPage,
} from '../../../query/flows/flow-pages.ts';
import type { FlowQuery } from '../../../query/flows/flows.ts';
import { noticesFor } from '../../../query/flows/notices.ts';
import type { Cost, CostMeter } from '../../../query/read/cost.ts';
import { inputError } from '../../../runtime/errors.ts';
import type { Reader } from '../../../store/store.ts';
import type { Note } from '../audit.ts';
import { within } from '../deadline.ts';
import { type CoverageNote, coverageWithin } from '../envelope.ts';
import { type FlowsFormat, type FlowsInput, selectionOf } from '../request.ts';
import { pageDocument } from '../schemas/flows.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';
import { CSV, NDJSON } from './flows-stream.ts';

export interface PageCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly input: FlowsInput;
  readonly format: FlowsFormat;
  readonly columns: readonly string[];
  readonly nowNanos: bigint;
  readonly store: Reader;
  readonly meter: CostMeter;
  readonly note: Note;
}

interface ReadPage {
  readonly page: FlowPage;
  readonly notices: readonly string[];
  readonly coverage: CoverageNote;
}

const DEFAULT_LIMIT = 100;

export async function sendFlowsPage(deps: FlowsRouteDeps, call: PageCall): Promise<FastifyReply> {
  const { request, reply, input, meter, note } = call;
  for (const name of ['last', 'first', 'all', 'follow'] as const)
    if (input[name] !== undefined && input[name] !== false)
      throw inputError(`${name}: not allowed with pages; use limit, cursor and order`, {
        field: name,
      });
  const { cursor, limit: _, format: __, columns: ___, notices: ____, ...question } = input;
  const after = cursor === undefined ? undefined : placeOfCursor(cursor, question);
  const read = await readPage(deps, call, after);
  const { responses, end } = read.page;
  const next = end && cursorOf(end, question);
  const link = next === undefined || request.method !== 'GET' ? undefined : linkTo(request, next);
  if (link !== undefined) reply.header('link', `<${link}>; rel="next"`);
  if (next !== undefined) reply.header('x-next-cursor', next);
  const cost = await meter.cost();
  Object.assign(note, { cost, flows: responses.length });
  for (const { flow } of responses)
    deps.metrics.responses.inc({ kind: flow === undefined ? 'event' : 'flow' });
  reply.header('cache-control', 'no-store');
  return sendAs(deps, call, read, { cost, next: next ?? null, link: link ?? null });
}

async function readPage(
  deps: FlowsRouteDeps,
  { reply, input, nowNanos, store, note }: PageCall,
  after: ReturnType<typeof placeOfCursor> | undefined,
): Promise<ReadPage> {
  const { config } = deps;
  const selection = selectionOf({ ...input, all: true }, nowNanos, config.maxFilters);
  // All pages have the window of the first one.
  const since = after ? after.since : selection.since;
  const until = after ? after.until : (selection.until ?? nowNanos);
  const query: FlowQuery = { ...selection, since, until };
  const limit = Math.min(input.limit ?? DEFAULT_LIMIT, config.pageRows);
  const place = { order: input.order ?? ('newest' as const), limit, after };
  note.window = { since, until };
  return within(config.timeout, deps.enter(reply), async (signal) => {
    const failures = celFailures();
    const { failed } = failures;
    const page = await readFlowPage(store, query, config, place, signal, { failed });
    const count = BigInt(page.responses.length);
    // Without a start, the window begins with the oldest flow of the page.
    const window = { since: since ?? page.oldest, until };
    return {
      page,
      notices: [
        ...(await noticesFor(store, query, count, signal)),
        ...[...failures.notices()].map(({ notice }) => notice),
      ],
      coverage: await coverageWithin(store, window, deps.clock.now(), signal),
    };
  });
}

function sendAs(
  { check }: FlowsRouteDeps,
  { reply, input, format, columns }: PageCall,
  { page: { responses }, notices, coverage }: ReadPage,
  { cost, next, link }: { cost: Cost; next: string | null; link: string | null },
): FastifyReply {
  if (format === 'csv') {
    const lines = responses.map((response) => csvLine(columns, response));
    return reply.header('content-type', CSV).send(csvHead(columns) + lines.join(''));
  }
  if (format === 'json') {
    const flows = responses.map((response) => toJson(GetFlowsResponse, response));
    const document = { flows, cursor: next, next: link, notices, coverage, cost };
    check?.(pageDocument, document);
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(document));
  }
  const lines = responses.map((response) => `${toJsonLine(GetFlowsResponse, response)}\n`);
  const items = [...notices.map((notice) => ({ notice })), { coverage, cost }];
  const tail = input.notices ? items.map((item) => `${JSON.stringify({ parallax: item })}\n`) : [];
  return reply.header('content-type', NDJSON).send([...lines, ...tail].join(''));
}

function linkTo(request: FastifyRequest, cursor: string): string {
  const url = new URL(request.url, 'http://here');
  url.searchParams.set('cursor', cursor);
  return `${url.pathname}${url.search}`;
}
