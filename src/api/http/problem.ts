// Refusals and failures as problem details (RFC 9457), with the codes of the error table.
import { z } from 'zod';
import { ERRORS, type ErrorCode, inputError, ParallaxError } from '../../runtime/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** The parameter or path that was refused. */
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
    code: z.enum(codes).describe('Of the table in docs/reference/errors.md'),
    detail: z.string().describe('What was refused or failed, and what to do'),
    field: z.string().optional().describe('The parameter or path that was refused'),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });

const STATUSES: Readonly<Record<number, string>> = {
  400: 'A parameter, header or body was refused, also for being too deeply nested.',
  401: 'A token is needed, or the one sent is not known.',
  403: 'Who asked may not read that.',
  404: 'Nothing is stored under that name.',
  405: 'The path takes other methods; `allow` names them.',
  406: 'The answer has none of the forms that `accept` names.',
  408: 'The request took too long to arrive.',
  413: 'The body is larger than api.maxBody allows.',
  414: 'The URL, or a part of its path, is too long; ask by POST.',
  415: 'The body is not plain `application/json`.',
  422: 'The query went over a limit of the store.',
  429: 'Too many questions at once, or from one client; `retry-after` says when to ask again.',
  431: 'The headers are too long, the URL among them.',
  500: 'A fault of the server; its log says more.',
  503: 'The store cannot be reached now; `retry-after` says when to ask again.',
  504: 'The answer took too long.',
};
const SECONDS = { type: 'string', description: 'Seconds to wait.' };
const HEADERS: Readonly<Record<number, object>> = {
  401: { 'www-authenticate': { type: 'string', description: 'How to say who asks.' } },
  405: { allow: { type: 'string', description: 'The methods that the path takes.' } },
  429: { 'retry-after': SECONDS },
  503: { 'retry-after': SECONDS },
};

export interface RouteKind {
  /** It has a body: no GET. */
  readonly body?: boolean;
  /** Its form is chosen by `accept`. */
  readonly negotiated?: boolean;
}

/** The responses of refusals and failures, as every route declares them. */
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

// The framework's own refusals that have no words of ours carry a status; everything else is a fault of ours, whose
// words stay in the log.
function unknownError(error: unknown): ParallaxError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  const message = error instanceof Error ? error.message : '';
  if (typeof status === 'number' && status >= 400 && status < 500) return inputError(message);
  return new ParallaxError('internal', 'the request failed; the server’s log says why');
}
