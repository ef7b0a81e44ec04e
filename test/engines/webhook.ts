// A receiver of webhooks that listens on loopback, keeps what it was sent, and checks signatures as docs/alerts.md says.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IncidentEvent } from '../../src/incident/incident-event.ts';

export interface Received {
  readonly key: string;
  readonly event: IncidentEvent;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

export interface Receiver {
  readonly url: string;
  /** Everything that was posted, whatever was answered. */
  readonly received: readonly Received[];
  /** What to answer from now on. */
  answer(how: (each: Received, response: http.ServerResponse) => void): void;
  stop(): Promise<void>;
}

export const SECRET = 'a secret of the tests';

export async function receiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  let how = (_: Received, response: http.ServerResponse): void => {
    response.writeHead(204).end();
  };
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const event = JSON.parse(body);
      const key = String(request.headers['idempotency-key']);
      const each = { key, event, headers: request.headers, body, atMs: Date.now() };
      received.push(each);
      how(each, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, // it listens on TCP
    received,
    answer(next) {
      how = next;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** As docs/alerts.md tells a receiver to check it. */
export function isSigned(
  { headers, body }: Received,
  secret = SECRET,
  nowMs = Date.now(),
): boolean {
  const [, seconds = '', mac] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-parallax-signature'])) ?? [];
  const wanted = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return mac === wanted && Math.abs(nowMs / 1000 - Number(seconds)) < 300;
}
