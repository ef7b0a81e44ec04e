// Clients that mean no good: what is too large, too deep, too slow, too many or made to take long is refused or cut, and
// the server answers others all the while, in bounded memory.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import type { Bus } from '../../../../src/bus/bus.ts';
import { busConfig } from '../../../../src/bus/config.ts';
import { createBus } from '../../../../src/bus/open.ts';
import { createLiveFlows, type LiveFlows } from '../../../../src/query/flows/follow.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const MAX_STREAMS = 50;
/** Some room is kept for answers that end. */
const FOLLOWERS = Math.ceil(MAX_STREAMS * 0.75);
const MAX_CONNECTIONS = 300;
let stored: StoredCorpus;
let bus: Bus;
let live: LiveFlows;
let api: HttpServing;
let port: number;
const sockets: net.Socket[] = [];

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  const deps = { logger: pino({ level: 'silent' }), registry: new Registry(), clock: systemClock };
  bus = createBus(busConfig.parse({ kind: 'memory' }), deps);
  await bus.start(new AbortController().signal);
  live = createLiveFlows({ ...deps, config: apiConfig.parse({}).live, bus });
  api = await httpServing(stored.store, {
    live,
    settings: {
      ...{ maxStreams: MAX_STREAMS, maxConnections: MAX_CONNECTIONS, maxUrl: '4KiB' },
      ...{ requestTimeout: '1500ms', slowReader: '1500ms', keepAlive: '2s', heartbeat: '500ms' },
    },
  });
  port = Number(new URL(api.url).port);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await live.stop(AbortSignal.timeout(1000));
  await bus.stop(AbortSignal.timeout(1000));
  await stored.close();
});

/** A connection that says what it is told to, and keeps what comes back. */
function connect() {
  const socket = net.connect({ port, host: '127.0.0.1' });
  sockets.push(socket);
  const state = { text: '', closed: false };
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    state.text += chunk;
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    state.closed = true;
  });
  return { socket, state };
}

const stillAnswers = async () => {
  const { status } = await api.get('/api/v1/flows?last=1');
  expect(status).toBe(200);
};
const poll = { timeout: 20_000, interval: 50 };

test('bodies and URLs that are too long', async () => {
  const large = await api.post('/api/v1/flows:query', { since: '1'.repeat(300_000) });
  expect(large.status).toBe(413);
  expect(large.headers.get('content-type')).toContain('application/problem+json');
  expect(large.body.code).toBe('input/too-large');
  expect(large.body.detail).toMatch(/larger than 262144 bytes \(api\.maxBody\); split the request/);
  // Announced as small, then without an end.
  const endless = http.request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/api/v1/flows:query',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  let sent = 0;
  const answer = new Promise<number>((resolve) => {
    endless.once('response', (response) => resolve(response.statusCode ?? 0));
    endless.once('error', () => resolve(0));
  });
  while (sent < 8 << 20 && !endless.destroyed) {
    sent += 65_536;
    if (!endless.write('['.repeat(65_536)))
      await Promise.race([once(endless, 'drain').catch(() => undefined), answer]);
    if (endless.writableFinished || endless.errored) break;
    if (sent > 2 << 20) break;
  }
  expect([0, 413]).toContain(await answer);
  endless.destroy();
  const long = await api.get(`/api/v1/flows?since=${'1'.repeat(5000)}`);
  expect([long.status, long.body.code]).toEqual([414, 'input/url-too-long']);
  expect(long.body.detail).toMatch(/more than 4096 \(api\.maxUrl\); use POST/);
  const part = await api.get(`/api/v1/flows/${'1'.repeat(300)}`);
  expect([part.status, part.body.code]).toEqual([414, 'input/url-too-long']);
  const longer = await api.get(`/${'x'.repeat(15_000)}`);
  expect([longer.status, longer.body.code]).toEqual([431, 'input/headers-too-long']);
  await stillAnswers();
});

test('JSON that is too deep', async () => {
  for (const depth of [33, 1000, 100_000]) {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    const { status, body } = await api.post('/api/v1/flows:query', `{"whitelist":${deep}}`);
    expect([depth, status]).toEqual([depth, 400]);
    expect(body.detail).toContain('nested deeper');
    if (depth > 1500) continue;
    const inUrl = await api.get(`/api/v1/flows?whitelist=${encodeURIComponent(deep)}`);
    expect(inUrl.status).toBe(depth === 33 ? 400 : 414);
  }
  // Text in quotes is no depth.
  const quoted = { whitelist: [{ source_pod: ['['.repeat(500)] }] };
  expect((await api.post('/api/v1/flows:query', quoted)).status).toBe(200);
  await stillAnswers();
});

test.each([
  '{"__proto__":{"all":true}}',
  '{"constructor":{"prototype":{"all":true}}}',
  '{"whitelist":[{"__proto__":{"verdict":["DROPPED"]}}]}',
  '[]',
  '"x"',
  '1',
  '{"all":',
  '\u0000',
  '{"last":1e400}',
  '{"last":-1}',
  '{"whitelist":[null]}',
  '{"whitelist":[[1]]}',
  '{"verdict":[null]}',
  '{"cursor":{}}',
])('a body that makes no sense: %s', async (body) => {
  const answer = await api.post('/api/v1/flows:query', body);
  expect([body, answer.status]).toEqual([body, 400]);
  expect(answer.body.code).toBe('input/invalid');
});

test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', ''])(
  'a body of type %s is refused',
  async (type) => {
    const { status, body } = await api.post('/api/v1/flows:query', '{"last":1}', {
      'content-type': type,
    });
    expect([status, body.code]).toEqual([415, 'input/media-type']);
    expect(body.detail).toContain('send content-type: application/json');
  },
);

test('a compressed body is not inflated', async () => {
  const { status } = await api.post('/api/v1/flows:query', 'x', { 'content-encoding': 'gzip' });
  expect(status).toBe(415);
});

test('patterns and expressions that are made to take long', async () => {
  const bombs = [
    { 'http-path': '(a+)+$' },
    { 'http-path': `${'(a|aa)+'.repeat(50)}$` },
    { 'http-url': '(.*){1,1000}x' },
    { 'http-path': '('.repeat(2000) },
    { 'http-path': 'x'.repeat(9000) },
    { 'cel-expression': `${'('.repeat(2000)}true${')'.repeat(2000)}` },
    {
      'cel-expression':
        '[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, a+b+c+d > 0))))',
    },
    { 'from-pod': '*'.repeat(5000) },
    { 'from-fqdn': '*a'.repeat(2000) },
    { 'from-label': `a in (${'x,'.repeat(3000)}x)` },
  ];
  for (const bomb of bombs) {
    // Not 504: it is refused or answered before the server's own timeout.
    const { status } = await api.post('/api/v1/flows:query', { last: 5, ...bomb });
    expect([200, 400, 422], JSON.stringify(bomb).slice(0, 60)).toContain(status);
  }
  await stillAnswers();
});

test('header floods', async () => {
  const many = connect();
  const lines = Array.from({ length: 5000 }, (_, n) => `x-${n}: ${'y'.repeat(20)}`).join('\r\n');
  many.socket.write(`GET /api/v1/flows HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines}\r\n\r\n`);
  await expect.poll(() => many.state.text, poll).toContain('431');
  await expect.poll(() => many.state.closed, poll).toBe(true);
  const noise = connect();
  noise.socket.write('\u0001\u0002\u0003 what is this\r\n\r\n');
  await expect.poll(() => noise.state.text, poll).toContain('application/problem+json');
  const smuggled = connect();
  smuggled.socket.write(
    'POST /api/v1/flows:query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
  );
  await expect.poll(() => smuggled.state.text, poll).toContain('400');
  await stillAnswers();
});

test('slow senders are cut: headers and bodies byte by byte', async () => {
  const slow = Array.from({ length: 20 }, (_, n) => {
    const one = connect();
    one.socket.write(
      n % 2 === 0
        ? 'GET /api/v1/flows HTTP/1.1\r\n'
        : 'POST /api/v1/flows:query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n',
    );
    const drip = setInterval(() => one.socket.destroyed || one.socket.write('x'), 100);
    one.socket.once('close', () => clearInterval(drip));
    return one;
  });
  await stillAnswers();
  await expect.poll(() => slow.every(({ state }) => state.closed), poll).toBe(true);
  expect(await api.metric('parallax_api_slow_clients_total', { while: 'sending' })).toBeGreaterThan(
    0,
  );
});

test('slow readers are cut, and hold no more than a piece', async () => {
  const before = await api.metric('parallax_api_slow_clients_total', { while: 'reading' });
  const slow = Array.from({ length: 10 }, () => {
    const one = connect();
    one.socket.write('GET /api/v1/flows?all=true HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    one.socket.once('data', () => one.socket.pause());
    return one;
  });
  await expect.poll(() => api.metric('parallax_api_streams'), poll).toBeGreaterThan(5);
  await stillAnswers();
  await expect.poll(() => api.metric('parallax_api_streams'), poll).toBe(0);
  const cut = (await api.metric('parallax_api_slow_clients_total', { while: 'reading' })) - before;
  expect(cut).toBe(10);
  for (const { socket } of slow) socket.destroy();
});

test('1,000 idle streams and connections: so many as are allowed, and others are answered', async () => {
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };
  const before = heap();
  const streams = Array.from({ length: 200 }, (_, n) => {
    const one = connect();
    const accept = n % 2 === 0 ? 'text/event-stream' : 'application/x-ndjson';
    one.socket.write(
      `GET /api/v1/flows?follow=true HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: ${accept}\r\n\r\n`,
    );
    return one;
  });
  await expect.poll(() => api.metric('parallax_api_streams'), poll).toBe(FOLLOWERS);
  await expect
    .poll(() => streams.filter(({ state }) => state.text.includes('query/busy')).length, poll)
    .toBe(200 - FOLLOWERS);
  // Documents have room of their own, and some is kept for flows that have an end.
  await stillAnswers();
  const { status } = await api.get('/api/v1/coverage');
  expect(status).toBe(200);
  const idle = Array.from({ length: 1000 }, () => connect());
  await expect
    .poll(() => api.metric('parallax_api_refused_connections_total'), poll)
    .toBeGreaterThanOrEqual(1000 - MAX_CONNECTIONS);
  expect(await api.metric('parallax_api_open_connections')).toBeLessThanOrEqual(MAX_CONNECTIONS);
  // Idle ones are closed after a while, and there is room again.
  await expect
    .poll(
      () =>
        api.get('/api/v1/flows?last=1').then(
          ({ status }) => status,
          () => 0,
        ),
      poll,
    )
    .toBe(200);
  const beats = () => streams.some(({ state }) => state.text.includes(': alive'));
  await expect.poll(beats, poll).toBe(true);
  expect(heap() - before).toBeLessThan(200 << 20);
  for (const { socket } of [...streams, ...idle]) socket.destroy();
  await expect.poll(() => api.metric('parallax_api_streams'), poll).toBe(0);
  await stillAnswers();
});

test('a client that leaves ends its query', async () => {
  const leaving = Array.from({ length: 20 }, () => {
    const one = connect();
    one.socket.write('GET /api/v1/connections?all=true HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    return one;
  });
  await expect.poll(() => api.metric('parallax_api_documents'), poll).toBeGreaterThan(0);
  for (const { socket } of leaving) socket.destroy();
  await expect.poll(() => api.metric('parallax_api_documents'), poll).toBe(0);
  await stillAnswers();
});

test('an answer that takes too long is given up', async () => {
  const hurried = await httpServing(stored.store, { settings: { timeout: '1ms' } });
  const { status, body } = await hurried.get('/api/v1/connections?all=true');
  expect(status).toBe(504);
  expect(body).toMatchObject({
    code: 'query/timeout',
    detail: expect.stringContaining('api.timeout'),
  });
});
