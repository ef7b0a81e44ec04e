// Errors as problem details (RFC 9457), with the codes of the error table.
import { z } from 'zod';
import { ERRORS, type ErrorCode, inputError, ParallaxError } from '../../runtime/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** The parameter that is wrong. */
  readonly field?: string;
}

export const PROBLEM_JSON = 'application/problem+json';

// An object of the table's codes has at least one.
const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes).describe('A code of docs/reference/errors.md'),
    detail: z.string().describe('What is wrong and how to correct it'),
    field: z.string().optional().describe('The parameter that is wrong'),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });

const STATUSES: Readonly<Record<number, string>> = {
  400: 'A parameter, header or body is invalid or nested too deeply.',
  401: 'A token is missing or unknown.',
  403: 'The token may not read this.',
  404: 'There is no such path or object.',
  405: 'The path does not support the method; `allow` lists those it does.',
  406: 'No representation matches `accept`.',
  408: 'The request took too long to arrive.',
  413: 'The body is larger than api.maxBody allows.',
  414: 'The URL or a part of its path is too long; use POST.',
  415: 'The body is not plain `application/json`.',
  422: 'The query exceeded a limit of the store.',
  429: 'Too many requests at once or from one client; see `retry-after`.',
  431: 'The headers, including the URL, are too long.',
  500: 'An internal error; see the log of the server.',
  503: 'The store is unavailable; see `retry-after`.',
  504: 'The query took too long.',
};
const SECONDS = { type: 'string', description: 'Seconds to wait.' };
const HEADERS: Readonly<Record<number, object>> = {
  401: { 'www-authenticate': { type: 'string', description: 'How to authenticate.' } },
  405: { allow: { type: 'string', description: 'The supported methods.' } },
  429: { 'retry-after': SECONDS },
  503: { 'retry-after': SECONDS },
};

export interface RouteKind {
  /** Has a request body. */
  readonly body?: boolean;
  /** The representation depends on `accept`. */
  readonly negotiated?: boolean;
}

/** The error responses that every route declares. */
export function problemResponses({ body = false, negotiated = false }: RouteKind = {}) {
  const left = new Set([...(body ? [] : [413, 415]), ...(negotiated ? [] : [406])]);
  const declared = Object.entries(STATUSES).filter(([status]) => !left.has(Number(status)));
  return Object.fromEntries(
    declared.map(([status, description]) => {
      const headers = HEADERS[Number(status)];
      const content = { [PROBLEM_JSON]: { schema: problem } };
      return [status, { description, content, ...(headers && { headers }) }];
    }),
  );
}

export function problemOf(error: unknown): Problem {
  const known = error instanceof ParallaxError ? error : unknownError(error);
  const { http, doc } = ERRORS[known.code];
  return {
    type: `urn:parallax:error:${known.code}`,
    title: doc,
    status: http,
    code: known.code,
    detail: known.message,
    ...(known.field === undefined ? {} : { field: known.field }),
  };
}

// Errors of the framework carry a status; any other error is internal, and its text stays in the log.
function unknownError(error: unknown): ParallaxError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  const message = error instanceof Error ? error.message : '';
  if (typeof status === 'number' && status >= 400 && status < 500) return inputError(message);
  return new ParallaxError('internal', 'the request failed; the server’s log says why');
}
