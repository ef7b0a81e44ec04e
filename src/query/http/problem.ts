// Refusals and failures as problem details (RFC 9457), with the codes of the error table.
import { ERRORS, type ErrorCode, ParallaxError } from '../../runtime/errors.ts';

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

/** A refused parameter: the field's name goes with the message. */
export class FieldError extends ParallaxError {
  readonly field: string;

  constructor(field: string, message: string, cause?: unknown) {
    super('input/invalid', message, { cause });
    this.field = field;
  }
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
    ...(known instanceof FieldError ? { field: known.field } : {}),
  };
}

// Fastify's own refusals (body too large, bad JSON, …) carry a status; everything else is a fault of ours, whose
// words stay in the log.
function unknownError(error: unknown): ParallaxError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ParallaxError('input/invalid', error instanceof Error ? error.message : '');
  return new ParallaxError('internal', 'the request failed; the server’s log says why');
}
