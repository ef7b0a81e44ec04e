// The access log of the API: principal, input, window, status and cost of each request. Never a token, and no filter
// value that may be a secret.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Cost } from '../../query/read/cost.ts';
import type { TimeRange } from '../../query/read/range.ts';
import { nsToMs } from '../../runtime/time.ts';
import type { ApiMetrics } from '../metrics.ts';
import { ANONYMOUS, type Principal } from '../principal.ts';

/** Added by the handler of a request. */
export interface Note {
  principal?: Principal;
  /** As the client sent it. */
  input?: object;
  window?: TimeRange | undefined;
  cost?: Cost;
  /** Answered from the cache. */
  cached?: boolean;
  /** Sent so far by a stream. */
  flows?: number;
}

/** Filters whose values may be secrets: headers hold credentials, URLs hold keys. */
const SECRET = /header|url|path/i;
const MAX_TEXT = 1000;

export class Audit {
  private readonly notes = new WeakMap<FastifyRequest, Note>();
  private readonly logger: Logger;
  private readonly metrics: Pick<ApiMetrics, 'readRows' | 'readBytes'>;

  constructor(logger: Logger, metrics: Pick<ApiMetrics, 'readRows' | 'readBytes'>) {
    this.logger = logger;
    this.metrics = metrics;
  }

  of(request: FastifyRequest): Note {
    const note = this.notes.get(request) ?? {};
    this.notes.set(request, note);
    return note;
  }

  /** Call once, when the response has ended. */
  write(request: FastifyRequest, reply: FastifyReply): void {
    const { principal = ANONYMOUS, input, window, cost, cached, flows } = this.of(request);
    const { rows, bytes, queries } = cost ?? {};
    if (rows !== undefined) this.metrics.readRows.inc(rows);
    if (bytes !== undefined) this.metrics.readBytes.inc(bytes);
    this.logger.info(
      {
        who: principal.name,
        address: request.ip,
        method: request.method,
        route: request.routeOptions.url?.replace('::', ':'),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...(input && { asked: shown(input) }),
        ...(window && { since: iso(window.since), until: iso(window.until) }),
        ...(cost && { rows, bytes, queries }),
        ...(flows !== undefined && { flows }),
        ...(cached && { cached }),
      },
      'query answered',
    );
  }
}

function shown(input: object): string {
  const text = JSON.stringify(input, (key, value: unknown) => {
    if (SECRET.test(key)) return '<hidden>';
    // FlowFilters of a query string are JSON within JSON.
    if (typeof value === 'string' && /^\s*[[{]/.test(value)) return shownText(value);
    return typeof value === 'bigint' ? String(value) : value;
  });
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function shownText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Several filters one after another, or no JSON.
    return SECRET.test(text) ? '<hidden>' : text;
  }
}

function iso(nanos: bigint | undefined): string | undefined {
  if (nanos === undefined) return undefined;
  const date = new Date(nsToMs(nanos));
  return Number.isNaN(date.getTime()) ? String(nanos) : date.toISOString();
}
