// The one table of errors. Each code has an HTTP and a gRPC status, an exit code of the command, whether trying again can help,
// and a line of documentation; docs/reference/errors.md is generated from it.

/** The numbers of gRPC's statuses that are in use. */
export const GRPC_STATUS = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

interface ErrorEntry {
  readonly http: number;
  readonly grpc: keyof typeof GRPC_STATUS;
  readonly exit: number;
  /** True when the same call may succeed later without anyone changing anything. */
  readonly retriable: boolean;
  readonly doc: string;
}

export const ERRORS = {
  'config/invalid': {
    http: 500,
    grpc: 'FAILED_PRECONDITION',
    exit: 2,
    retriable: false,
    doc: 'The configuration has problems; all of them are listed with their paths.',
  },
  'input/invalid': {
    http: 400,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'A flag, parameter or file was refused; the message names the value and the cure.',
  },
  'input/not-found': {
    http: 404,
    grpc: 'NOT_FOUND',
    exit: 1,
    retriable: false,
    doc: 'The path does not exist, or nothing is stored under that name.',
  },
  'input/method': {
    http: 405,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'The path does not support the method; the header `allow` lists those it supports.',
  },
  'input/unknown-method': {
    http: 501,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'The HTTP method is unknown.',
  },
  'input/not-acceptable': {
    http: 406,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'No representation matches the header `accept`; the message lists the available ones.',
  },
  'input/media-type': {
    http: 415,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'The body is not uncompressed `application/json`.',
  },
  'input/too-large': {
    http: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 1,
    retriable: false,
    doc: 'The body is larger than api.maxBody.',
  },
  'input/url-too-long': {
    http: 414,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 1,
    retriable: false,
    doc: 'The URL is longer than api.maxUrl, or a part of its path is too long; use POST.',
  },
  'input/headers-too-long': {
    http: 431,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 1,
    retriable: false,
    doc: 'The headers of the request, including its URL, are too long.',
  },
  'input/too-slow': {
    http: 408,
    grpc: 'DEADLINE_EXCEEDED',
    exit: 1,
    retriable: true,
    doc: 'The request took longer to arrive than api.requestTimeout.',
  },
  'hubble/malformed': {
    http: 400,
    grpc: 'INVALID_ARGUMENT',
    exit: 1,
    retriable: false,
    doc: 'Bytes or JSON that are not a Hubble message.',
  },
  'bus/unavailable': {
    http: 503,
    grpc: 'UNAVAILABLE',
    exit: 4,
    retriable: true,
    doc: 'The bus cannot be reached now.',
  },
  'bus/too-large': {
    http: 500,
    grpc: 'INTERNAL',
    exit: 4,
    retriable: false,
    doc: 'A record exceeds the size the bus takes.',
  },
  'bus/topic': {
    http: 500,
    grpc: 'FAILED_PRECONDITION',
    exit: 4,
    retriable: false,
    doc: 'The topic exists with settings that would lose or refuse records.',
  },
  'bus/stopped': {
    http: 503,
    grpc: 'UNAVAILABLE',
    exit: 4,
    retriable: false,
    doc: 'The bus was stopped while a record waited.',
  },
  'store/unavailable': {
    http: 503,
    grpc: 'UNAVAILABLE',
    exit: 5,
    retriable: true,
    doc: 'The store cannot be reached or refuses work for now.',
  },
  'store/rejected': {
    http: 500,
    grpc: 'INTERNAL',
    exit: 5,
    retriable: false,
    doc: 'The store refused a statement or a block for good.',
  },
  'store/locked': {
    http: 503,
    grpc: 'UNAVAILABLE',
    exit: 5,
    retriable: false,
    doc: 'Another process has the data directory open.',
  },
  'store/limit': {
    http: 422,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 5,
    retriable: false,
    doc: 'A query went over a reader limit (time, memory or rows).',
  },
  'store/migration': {
    http: 500,
    grpc: 'FAILED_PRECONDITION',
    exit: 5,
    retriable: false,
    doc: 'A migration was changed after it ran, or the store is newer than this program.',
  },
  'auth/required': {
    http: 401,
    grpc: 'UNAUTHENTICATED',
    exit: 6,
    retriable: false,
    doc: 'The server requires a valid bearer token (PARALLAX_TOKEN, --token-file).',
  },
  'auth/forbidden': {
    http: 403,
    grpc: 'PERMISSION_DENIED',
    exit: 6,
    retriable: false,
    doc: 'The token is valid and may not read this.',
  },
  'query/rate': {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 5,
    retriable: true,
    doc: 'The client exceeded api.rateLimit; see `retry-after`.',
  },
  'query/timeout': {
    http: 504,
    grpc: 'DEADLINE_EXCEEDED',
    exit: 5,
    retriable: true,
    doc: 'The query took longer than api.timeout, or its client read too slowly.',
  },
  'query/busy': {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    exit: 5,
    retriable: true,
    doc: 'The server has reached its limit of concurrent responses.',
  },
  'server/unavailable': {
    http: 502,
    grpc: 'UNAVAILABLE',
    exit: 5,
    retriable: true,
    doc: 'A Parallax server cannot be reached or ended its answer early.',
  },
  internal: {
    http: 500,
    grpc: 'INTERNAL',
    exit: 1,
    retriable: false,
    doc: 'An internal error of Parallax; see the log.',
  },
  'relay/unavailable': {
    http: 502,
    grpc: 'UNAVAILABLE',
    exit: 3,
    retriable: true,
    doc: 'A relay cannot be reached or ended its stream.',
  },
  'relay/tls': {
    http: 502,
    grpc: 'UNAVAILABLE',
    exit: 3,
    retriable: false,
    doc: 'TLS to a relay failed; the message says which certificate, name or setting to change.',
  },
  'relay/refused': {
    http: 502,
    grpc: 'FAILED_PRECONDITION',
    exit: 3,
    retriable: false,
    doc: 'A relay answered and refused: no Hubble Relay at that address, or no permission.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a code of the table. Its message says what is wrong, the value and the cure. */
export class ParallaxError extends Error {
  readonly code: ErrorCode;
  /** The parameter that was refused. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; field?: string }) {
    super(message, options);
    this.name = 'ParallaxError';
    this.code = code;
    this.field = options?.field;
  }

  get retriable(): boolean {
    return ERRORS[this.code].retriable;
  }
}

/** `input/invalid`: a flag, parameter or file is refused. */
export function inputError(message: string, options?: { cause?: unknown; field?: string }) {
  return new ParallaxError('input/invalid', message, options);
}
