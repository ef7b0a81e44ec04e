// One page of flows, in whichever form: read as a whole, so that its headers can say where the next one is.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { toJson, toJsonLine } from '../../../hubble/json/json.ts';
import { GetFlowsResponse } from '../../../hubble/proto/schema.gen.ts';
import { unjudged } from '../../../query/flows/cel-failures.ts';
import { csvHead, csvLine } from '../../../query/flows/flow-csv.ts';
import {
  cursorOf,
  type FlowPage,
  placeOfCursor,
  readFlowPage,
} from '../../../query/flows/flow-pages.ts';
import type { FlowQuery } from '../../../query/flows/flows.ts';
import { noticesFor } from '../../../query/flows/notices.ts';
import type { CostMeter } from '../../../query/read/cost.ts';
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

interface Told {
  readonly page: FlowPage;
  readonly notices: readonly string[];
  readonly coverage: CoverageNote;
}

const DEFAULT_LIMIT = 100;

export async function sendFlowsPage(deps: FlowsRouteDeps, call: PageCall): Promise<FastifyReply> {
  const { request, reply, input, format, columns, meter, note } = call;
  for (const name of ['last', 'first', 'all', 'follow'] as const)
    if (input[name] !== undefined && input[name] !== false)
      throw inputError(`${name}: does not go with pages; use limit, cursor and order`, {
        field: name,
      });
  const { cursor, limit: _, format: __, columns: ___, notices: ____, ...question } = input;
  const { config } = deps;
  const after = cursor === undefined ? undefined : placeOfCursor(cursor, question);
  const asked = selectionOf({ ...input, all: true }, call.nowNanos, config.maxFilters);
  // The window stays as it was when the first page was asked for.
  const window = {
    since: after ? after.since : asked.since,
    until: after ? after.until : (asked.until ?? call.nowNanos),
  };
  const query: FlowQuery = { ...asked, ...window };
  const limit = Math.min(input.limit ?? DEFAULT_LIMIT, config.pageRows);
  const order = input.order ?? 'newest';
  note.window = window;
  const left = deps.enter(reply);
  const told = await within(config.timeout, left, async (signal): Promise<Told> => {
    const missed = unjudged();
    const hearing = { failed: missed.failed };
    const page = await readFlowPage(
      call.store,
      query,
      config,
      { order, limit, after },
      signal,
      hearing,
    );
    const count = BigInt(page.responses.length);
    // What the page is about: of an open window, from its oldest flow on.
    const since = window.since ?? page.oldest;
    const about = { since, until: window.until };
    return {
      page,
      notices: [
        ...(await noticesFor(call.store, query, count, signal)),
        ...[...missed.notices()].map(({ notice }) => notice),
      ],
      coverage: await coverageWithin(call.store, about, deps.clock.now(), signal),
    };
  });
  const { page, notices, coverage } = told;
  const next = page.end && cursorOf(page.end, question);
  const link = next === undefined || request.method !== 'GET' ? undefined : linkTo(request, next);
  if (link !== undefined) reply.header('link', `<${link}>; rel="next"`);
  if (next !== undefined) reply.header('x-next-cursor', next);
  const cost = await meter.cost();
  note.cost = cost;
  note.flows = page.responses.length;
  for (const response of page.responses)
    deps.metrics.responses.inc({ kind: response.flow === undefined ? 'event' : 'flow' });
  reply.header('cache-control', 'no-store');
  if (format === 'csv') {
    const lines = page.responses.map((response) => csvLine(columns, response));
    return reply.header('content-type', CSV).send(csvHead(columns) + lines.join(''));
  }
  if (format === 'json') {
    const flows = page.responses.map((response) => toJson(GetFlowsResponse, response));
    const document = { flows, cursor: next ?? null, next: link ?? null, notices, coverage, cost };
    deps.check?.(pageDocument, document);
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(document));
  }
  const lines = page.responses.map((response) => `${toJsonLine(GetFlowsResponse, response)}\n`);
  const said = [...notices.map((notice) => ({ notice })), { coverage, cost }];
  const tail = input.notices ? said.map((each) => `${JSON.stringify({ parallax: each })}\n`) : [];
  return reply.header('content-type', NDJSON).send([...lines, ...tail].join(''));
}

function linkTo(request: FastifyRequest, cursor: string): string {
  const url = new URL(request.url, 'http://here');
  url.searchParams.set('cursor', cursor);
  return `${url.pathname}${url.search}`;
}
