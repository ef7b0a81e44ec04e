// Sorts what the engines throw, by code and never by message text, into the errors of Parallax.
import { ParallaxError } from '../../runtime/errors.ts';

// Trying again later may help: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
const BUSY = new Set([
  3, // UNEXPECTED_END_OF_FILE: the connection ended within a block
  107, // FILE_DOESNT_EXIST: a part was merged away meanwhile
  159, // TIMEOUT_EXCEEDED
  173, // CANNOT_ALLOCATE_MEMORY
  201, // QUOTA_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  473, // DEADLOCK_AVOIDED
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
  1000, // POCO_EXCEPTION: connection refused and the like, from within the server
]);

const LIMITS = new Set([
  158, // TOO_MANY_ROWS
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  241, // MEMORY_LIMIT_EXCEEDED
  307, // TOO_MANY_BYTES
  396, // TOO_MANY_ROWS_OR_BYTES
]);

const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
  // The embedded engine's spool file could not be written: the disk is full, for now.
  'ENOSPC',
  'EDQUOT',
]);

// A streamed query of the embedded engine has its code only in this prefix of the message, which the engine writes.
const CODE_PREFIX = /^Code: (\d+)\./;

/** The code ClickHouse gave, from either client's error or the causes below it. */
export function clickhouseCode(error: unknown): number | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Errors of both clients have some of these.
    const { clickhouseCode: embedded, code } = at as { clickhouseCode?: unknown; code?: unknown };
    if (typeof embedded === 'number') return embedded;
    if (typeof code === 'string' && /^\d+$/.test(code)) return Number(code);
    const prefix = isEmbedded(at) ? CODE_PREFIX.exec(at.message)?.[1] : undefined;
    if (prefix !== undefined) return Number(prefix);
  }
  return undefined;
}

function socketCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Node's system errors have a code.
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && SOCKET.has(code)) return code;
  }
  return undefined;
}

/** `what` says what was tried, such as `insert of 5000 rows into flows`; `where` names the engine. */
export function storeFailure(
  error: unknown,
  operation: 'insert' | 'query' | 'command',
  what: string,
  where: string,
): ParallaxError {
  if (error instanceof ParallaxError) return error;
  const message = error instanceof Error ? firstLine(error.message) : String(error);
  const text = `${what} at ${where}: ${message}`;
  const code = clickhouseCode(error);
  const options = { cause: error };
  if (code === undefined) {
    // No code at all is a time-out of the client or a proxy's answer: the server may be back soon.
    const retriable = socketCode(error) !== undefined || !isEmbedded(error);
    return new ParallaxError(retriable ? 'store/unavailable' : 'store/rejected', text, options);
  }
  if (operation === 'query' && LIMITS.has(code)) {
    const cure = 'narrow the time range or the filter, or raise store.reader';
    return new ParallaxError('store/limit', `${text} (${cure})`, options);
  }
  if (BUSY.has(code)) return new ParallaxError('store/unavailable', text, options);
  if (code === 164) {
    const cure = 'the user needs a profile with readonly 0, or 2 for a role that only reads';
    return new ParallaxError('store/rejected', `${text} (${cure})`, options);
  }
  return new ParallaxError('store/rejected', text, options);
}

function isEmbedded(error: unknown): boolean {
  // Any value may be thrown.
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('CHDB_');
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
