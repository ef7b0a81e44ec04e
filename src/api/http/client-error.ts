// Answers and closes connections whose bytes are not an HTTP request, or arrive too slowly.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { PROBLEM_JSON, problemOf } from './problem.ts';

/** As Node reports it. */
interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: unknown;
}

const REFUSALS: Readonly<Record<string, ParallaxError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ParallaxError(
    'input/too-slow',
    'the request took too long to arrive (api.requestTimeout); send it at once',
  ),
  HPE_HEADER_OVERFLOW: new ParallaxError(
    'input/headers-too-long',
    'the headers, or the URL, are too long; ask by POST, as with /api/v1/flows:query',
  ),
};
const BAD = inputError('that is no HTTP request');
/** A valid request line except for its method. */
const LINE = /^([!#$%&'*+.^_`|~\w-]{1,64}) \S+ HTTP\/1\.[01]\r?\n/;

/** Calls `onRefused` for every connection it refuses. */
export function refuseConnection(onRefused: (slow: boolean) => void) {
  return (error: ParseError, socket: Socket): void => {
    onRefused(error.code === 'ERR_HTTP_REQUEST_TIMEOUT');
    // Closed already, or in the middle of a response.
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = problemOf(REFUSALS[error.code ?? ''] ?? methodError(error) ?? BAD);
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  };
}

function methodError({ code, rawPacket }: ParseError): ParallaxError | undefined {
  if (code !== 'HPE_INVALID_METHOD') return undefined;
  const text = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1') : '';
  const [, method] = LINE.exec(text) ?? [];
  if (method === undefined) return undefined;
  return new ParallaxError(
    'input/unknown-method',
    `${JSON.stringify(method)} is no method that is known here; routes take GET, HEAD, POST and OPTIONS`,
  );
}
