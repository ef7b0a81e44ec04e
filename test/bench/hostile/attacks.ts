// What a careless or hostile client does to the API. Each attack goes on until the signal aborts, and counts what it was
// answered with: a status, `cut` for a connection that was closed or refused, `open` for one that is held.
import http from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Target {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly count: (answer: string) => void;
}

export type Attack = (target: Target) => Promise<void>;

const JSON_BODY = { 'content-type': 'application/json' };
const QUERY = '/api/v1/flows:query';

/** Streams that wait for flows that never come. */
async function idleStreams(target: Target): Promise<void> {
  const filter = JSON.stringify([{ source_pod: ['nobody/nothing'] }]);
  const path = `/api/v1/flows?follow=true&whitelist=${encodeURIComponent(filter)}`;
  await hold(target, 1000, () => stream(target, path));
}

/** Connections that never ask for anything. */
async function idleConnections(target: Target): Promise<void> {
  await hold(target, 1000, () => raw(target, ''));
}

/** Requests whose headers come a byte at a time and never end. */
async function slowHeaders(target: Target): Promise<void> {
  await hold(target, 100, () => {
    const socket = raw(target, 'GET /api/v1/flows HTTP/1.1\r\nhost: x\r\nx-slow: ');
    const drip = setInterval(() => socket.write('a'), 1000);
    socket.on('close', () => clearInterval(drip));
    return socket;
  });
}

/** Clients that ask for everything and read nothing. */
async function slowReaders(target: Target): Promise<void> {
  const ask = 'GET /api/v1/flows?last=10000000 HTTP/1.1\r\nhost: x\r\n\r\n';
  await hold(target, 20, () => raw(target, ask).pause());
}

async function largeBodies(target: Target): Promise<void> {
  const body = JSON.stringify({ whitelist: [{ source_pod: ['x'.repeat(10 * 2 ** 20)] }] });
  await every(target, 500, () => send(target, QUERY, body));
}

async function deepBodies(target: Target): Promise<void> {
  const deep = `{"whitelist":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`;
  await every(target, 500, () => send(target, QUERY, deep));
}

/** Patterns that take exponential time where matching backtracks, and large ones where it does not. */
async function patterns(target: Target): Promise<void> {
  const bombs = [
    '^(a+)+$',
    '(x+x+)+y',
    '(.*)*(.*)*(.*)*z',
    `(${'a?'.repeat(200)})${'a'.repeat(200)}`,
    '((((a{1,30}){1,30}){1,30}){1,30})',
  ];
  let at = 0;
  await every(target, 200, () => {
    const bomb = bombs[at++ % bombs.length] ?? '';
    const filter = { http_path: [bomb], dns_query: [bomb], source_fqdn: ['*'.repeat(200)] };
    return send(target, QUERY, JSON.stringify({ whitelist: [filter], last: 100 }));
  });
}

/** Expensive questions, five at a time, each given up after a second. */
async function heavyQueries(target: Target): Promise<void> {
  const paths = [
    '/api/v1/flows?last=1000000',
    '/api/v1/connections?last=100000&since=24h',
    '/api/v1/services?since=24h',
    `/api/v1/flows?last=100&whitelist=${encodeURIComponent('[{"dns_query":[".*x.*y.*z.*"]}]')}`,
    '/api/v1/coverage?since=31d',
  ];
  await Promise.all(
    paths.map((path) => every(target, 1000, () => send(target, path, undefined, 1000))),
  );
}

/** What is no request, or a wrong one. */
async function nonsense(target: Target): Promise<void> {
  const paths = ['/api/v1/flows?last=-1', '/api/v1/explain', `/${'a/'.repeat(4000)}`, '/api/v1/x'];
  let at = 0;
  await Promise.all([
    every(target, 50, () => send(target, paths[at++ % paths.length] ?? '/')),
    every(target, 200, async () => {
      const socket = raw(target, '\0\x16\x03\x01garbage\r\n\r\n');
      socket.setTimeout(1000, () => socket.destroy());
    }),
    every(target, 200, () =>
      send(target, `/api/v1/flows?x=${'y'.repeat(100_000)}`, undefined, 1000),
    ),
  ]);
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  idleStreams,
  idleConnections,
  slowHeaders,
  slowReaders,
  largeBodies,
  deepBodies,
  patterns,
  heavyQueries,
  nonsense,
};

interface Held {
  on(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** Keeps `size` connections; those that are closed are made again, a few at a time. */
async function hold({ signal, count }: Target, size: number, make: () => Held): Promise<void> {
  const held = new Set<Held>();
  while (!signal.aborted) {
    for (let n = 0; held.size < size && n < 100; n++) {
      const one = make();
      held.add(one);
      count('open');
      one.on('close', () => {
        held.delete(one);
        count('cut');
      });
    }
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
  for (const one of held) one.destroy();
}

async function every({ signal }: Target, ms: number, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act();
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}

function raw({ url }: Target, text: string) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  if (text !== '') socket.write(text);
  return socket;
}

function stream({ url, count }: Target, path: string) {
  const request = http.get(url + path, { agent: false }, (response) => {
    count(String(response.statusCode));
    response.resume();
  });
  request.on('error', () => undefined);
  return request;
}

/** Asks, reads the answer and lets it go; gives up after `limitMs`. */
function send(target: Target, path: string, body?: string, limitMs = 5000): Promise<void> {
  const { url, count, signal } = target;
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = body === undefined ? {} : JSON_BODY;
    const request = http.request(url + path, { method, headers, agent: false }, (response) => {
      count(String(response.statusCode));
      response.resume();
    });
    const timer = setTimeout(() => request.destroy(), limitMs);
    const stop = () => request.destroy();
    signal.addEventListener('abort', stop, { once: true });
    request.on('error', () => count('cut'));
    request.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve();
    });
    request.end(body);
  });
}
