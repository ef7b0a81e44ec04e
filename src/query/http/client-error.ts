// Connections whose bytes are no request, or come too slowly: answered in one line and closed.
import type { Socket } from 'node:net';
import { ParallaxError } from '../../runtime/errors.ts';
import { PROBLEM_JSON, problemOf } from './problem.ts';

const REFUSALS: Readonly<Record<string, readonly [string, ParallaxError]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    new ParallaxError('query/timeout', 'the request took too long to arrive'),
  ],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    new ParallaxError('input/invalid', 'the headers, or the URL, are too long; ask by POST'),
  ],
};
const BAD = [
  '400 Bad Request',
  new ParallaxError('input/invalid', 'that is no HTTP request'),
] as const;

/** `told` hears of every refusal, and whether it was for being slow. */
export function refuseConnection(told: (slow: boolean) => void) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    told(error.code === 'ERR_HTTP_REQUEST_TIMEOUT');
    // Gone already, or in the middle of an answer.
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    const [line, problem] = REFUSALS[error.code ?? ''] ?? BAD;
    const status = Number(line.slice(0, 3));
    const body = JSON.stringify({ ...problemOf(problem), status });
    socket.end(
      `HTTP/1.1 ${line}\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  };
}
