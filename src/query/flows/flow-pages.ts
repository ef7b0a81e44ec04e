// Flows page by page, each exactly once however many are stored meanwhile. A page never ends among rows of the same time
// and uuid, so that the last row's time and uuid say where the next one begins.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import type { Hit } from '../read/page.ts';
import type { TimeRange } from '../read/range.ts';
import {
  type FlowQuery,
  type FlowQueryLimits,
  type FlowQueryListeners,
  scanFlows,
} from './flows.ts';

export type PageOrder = 'newest' | 'oldest';

/** Where a page ended, in which window of time. */
export interface PagePlace extends TimeRange {
  readonly time: bigint;
  readonly uuid: string;
  readonly table: 'flows' | 'events';
}

export interface FlowPage {
  readonly responses: readonly GetFlowsResponse[];
  /** Of the oldest response; undefined when there are none. */
  readonly oldest: bigint | undefined;
  /** Undefined when that was all. */
  readonly end: PagePlace | undefined;
}

export interface PageWish {
  readonly order: PageOrder;
  readonly limit: number;
  /** Behind here. */
  readonly after?: PagePlace | undefined;
}

/** Rows of one time and uuid are in one page: two nodes at most see a flow, so more of them are an error. */
const MAX_OVER = 1000;

export async function readFlowPage(
  store: Reader,
  query: FlowQuery,
  limits: FlowQueryLimits,
  { order, limit, after }: PageWish,
  signal?: AbortSignal,
  listeners: FlowQueryListeners = {},
): Promise<FlowPage> {
  const direction = order === 'newest' ? 'backward' : 'forward';
  const from: Hit | undefined = after && { ...after, response: {} };
  // One more than asked says whether there is another page.
  const pages = { direction, pageRows: limit + 1, from } as const;
  const hits: Hit[] = [];
  for await (const hit of scanFlows(store, query, limits, pages, signal, listeners)) {
    if (after !== undefined && isAt(hit, after)) continue;
    const last = hits.at(-1);
    if (last !== undefined && hits.length >= limit && !isAt(hit, last))
      return pageOf(hits, { ...placeOf(last), since: query.since, until: query.until });
    if (hits.length >= limit + MAX_OVER)
      throw new ParallaxError(
        'store/limit',
        `more than ${MAX_OVER} rows have the uuid ${hit.uuid}; narrow the query by cluster or node`,
      );
    hits.push(hit);
  }
  return pageOf(hits, undefined);
}

function pageOf(hits: readonly Hit[], end: PagePlace | undefined): FlowPage {
  const [first, last] = [hits[0]?.time, hits.at(-1)?.time];
  return {
    responses: hits.map(({ response }) => response),
    oldest: first !== undefined && last !== undefined && first < last ? first : last,
    end,
  };
}

function isAt(hit: Hit, place: Pick<PagePlace, 'time' | 'uuid' | 'table'>): boolean {
  return hit.time === place.time && hit.uuid === place.uuid && hit.table === place.table;
}

function placeOf({ time, uuid, table }: Hit): Omit<PagePlace, 'since' | 'until'> {
  return { time, uuid, table };
}

const nanos = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform(BigInt);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const cursorSchema = z.tuple([
  z.literal(1),
  z.string(),
  nanos,
  z.string().regex(UUID),
  z.enum(['flows', 'events']),
  nanos.nullable(),
  nanos.nullable(),
]);

/**
 * The place as text, for the client to send with the next request. Not signed: it holds a place within a query whose
 * limits are checked each time, and a key would end with the process.
 */
export function cursorOf(place: PagePlace, question: unknown): string {
  const text = (value: bigint | undefined) => (value === undefined ? null : String(value));
  const { time, uuid, table, since, until } = place;
  const parts = [1, fingerprint(question), text(time), uuid, table, text(since), text(until)];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Throws `input/invalid` for a text that is no cursor, or one of another question. */
export function placeOfCursor(cursor: string, question: unknown): PagePlace {
  const parsed = cursorSchema.safeParse(jsonOf(cursor));
  if (!parsed.success) throw invalid('is no cursor; take it as the page before gave it');
  const [, of, time, uuid, table, since, until] = parsed.data;
  if (of !== fingerprint(question))
    throw invalid('belongs to another question; only limit, format and columns may change');
  return { time, uuid, table, since: since ?? undefined, until: until ?? undefined };
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function invalid(why: string): ParallaxError {
  return inputError(`cursor: ${why}`, { field: 'cursor' });
}

function fingerprint(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 16);
}
