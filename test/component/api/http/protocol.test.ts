// How the server keeps to HTTP: methods, forms, refusals with a body of their own, compression, and headers that browsers
// go by.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import type { Reader } from '../../../../src/store/store.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const CLOSED = 'since=2020-01-01&until=2020-01-02';
let stored: StoredCorpus;
let api: HttpServing;

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert((await corpus('flows.jsonl')).slice(0, 500));
  api = await httpServing(stored.store);
});
afterAll(() => stored.close());

/** As it goes over the wire, neither unpacked nor by a client of its own mind. */
async function raw(path: string, options: http.RequestOptions = {}) {
  const request = http.request(api.url + path, options);
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode,
    headers: response.headers,
    body: Buffer.concat(chunks),
  };
}

test.each([
  [{ 'from-ip': 'x' }, 'from-ip'],
  [{ last: 1, 'not.port': '80', 'http-path': '(' }, 'http-path'],
  [{ label: ['a', '!!'] }, 'label'],
  [{ 'not.cel-expression': 'nothing.of' }, 'not.cel-expression'],
  [{ whitelist: [{ source_ip: ['x'] }] }, 'whitelist'],
  [{ since: 'yesterday' }, 'since'],
  [{ verdict: 'dropped' }, 'verdict'],
])('what is refused of %j is named', async (body, field) => {
  for (const path of ['/api/v1/flows:query', '/api/v1/connections:query', '/api/v1/top:query']) {
    const { last, ...rest } = body as Record<string, unknown>;
    const answer = await api.post(path, path.includes('top') ? rest : { last: last ?? 1, ...rest });
    expect([path, answer.status, answer.body.field]).toEqual([path, 400, field]);
    expect(answer.body.detail).toMatch(new RegExp(`^${field}: `));
  }
});

test.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'])(
  '%s is no method of a route',
  async (method) => {
    // Older Node knows no QUERY.
    if (!http.METHODS.includes(method)) return;
    const { status, headers, body } = await raw('/api/v1/flows', { method });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    expect(JSON.parse(String(body))).toMatchObject({ code: 'input/method', status: 405 });
  },
);

test('a method is looked at before the body', async () => {
  const answer = await api.post('/api/v1/flows', 'x', { 'content-type': 'text/plain' });
  expect([answer.status, answer.body.code]).toEqual([405, 'input/method']);
  const nowhere = await api.post('/api/v1/nowhere', 'x', { 'content-type': 'text/plain' });
  expect([nowhere.status, nowhere.body.code]).toEqual([404, 'input/not-found']);
  expect(nowhere.body.detail).toContain('/docs');
});

test('OPTIONS says what a path takes, and lets no other site in', async () => {
  const headers = { origin: 'http://elsewhere.example', 'access-control-request-method': 'GET' };
  const flows = await raw('/api/v1/flows', { method: 'OPTIONS', headers });
  expect([flows.status, flows.headers.allow]).toEqual([204, 'GET, HEAD']);
  const query = await raw('/api/v1/flows:query', { method: 'OPTIONS' });
  expect([query.status, query.headers.allow]).toEqual([204, 'POST']);
  expect((await raw('/nowhere', { method: 'OPTIONS' })).status).toBe(404);
  const asked = await raw('/api/v1/status', { headers: { origin: 'http://elsewhere.example' } });
  for (const answer of [flows, asked])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    );
});

test('HEAD has the headers of GET and ends, with streams too', async () => {
  for (const path of ['/api/v1/flows?last=5', '/api/v1/incidents/feed', `/api/v1/top?${CLOSED}`]) {
    const { status, headers, body } = await raw(path, { method: 'HEAD' });
    expect([path, status, body.length]).toEqual([path, 200, 0]);
    expect(headers['content-type']).toBeDefined();
  }
  await expect.poll(() => api.metric('parallax_api_streams')).toBe(0);
  await expect.poll(() => api.metric('parallax_feed_clients')).toBe(0);
});

test('a method that nobody knows, and bytes that are no request', async () => {
  const said = async (text: string) => {
    const socket = net.connect({ port: Number(new URL(api.url).port), host: '127.0.0.1' });
    socket.end(text);
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
    return answer;
  };
  const brewed = await said('BREW /api/v1/flows HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  expect(brewed).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\ncontent-type: application\/problem/);
  expect(brewed).toContain('input/unknown-method');
  expect(await said('\u0001\u0002 what is this\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r/);
});

test('an answer comes in the form that is accepted, or not at all', async () => {
  const asked = async (path: string, accept: string) => {
    const { status, headers, body } = await raw(path, { headers: { accept } });
    return [status, headers['content-type']?.split(';')[0], String(body)] as const;
  };
  const flows = '/api/v1/flows?limit=1';
  expect((await asked(flows, '*/*'))[1]).toBe('application/x-ndjson');
  expect((await asked(flows, 'text/csv;q=0.5, application/json'))[1]).toBe('application/json');
  const [status, type, body] = await asked(flows, 'image/png');
  expect([status, type]).toEqual([406, 'application/problem+json']);
  expect(JSON.parse(body)).toMatchObject({
    code: 'input/not-acceptable',
    detail: expect.stringContaining('available are application/x-ndjson'),
  });
  // What is asked for by name is not negotiated.
  expect((await asked(`${flows}&format=csv`, 'image/png'))[1]).toBe('text/csv');
  const policy = await asked('/api/v1/incidents/0123456789abcdef/policy', 'image/png');
  expect(policy[0]).toBe(406);
});

test.each([
  ['gzip', zlib.gunzipSync],
  ['br', zlib.brotliDecompressSync],
  ['deflate', zlib.inflateSync],
  ['zstd', (zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }).zstdDecompressSync],
] as const)('%s of streams, pages and documents', async (coding, unpack) => {
  // Older Node has no zstd, and does not promise it either.
  if (unpack === undefined) return;
  for (const path of ['/api/v1/flows?last=400', '/api/v1/flows?limit=100', '/openapi.json']) {
    const plain = await raw(path);
    const packed = await raw(path, { headers: { 'accept-encoding': coding } });
    expect([path, packed.headers['content-encoding']]).toEqual([path, coding]);
    expect(packed.headers.vary).toContain('accept-encoding');
    expect(packed.body.length).toBeLessThan(plain.body.length / 3);
    expect(unpack(packed.body).equals(plain.body)).toBe(true);
  }
});

test('a tag is the same however the answer is packed, and finds it unchanged', async () => {
  const path = `/api/v1/top?by=verdict&${CLOSED}`;
  const plain = await raw(path);
  const packed = await raw(path, { headers: { 'accept-encoding': 'gzip, br' } });
  expect(plain.headers.etag).toMatch(/^W\//);
  expect(packed.headers.etag).toBe(plain.headers.etag);
  const tag = String(plain.headers.etag);
  for (const coding of ['identity', 'gzip', 'br']) {
    const headers = { 'if-none-match': tag, 'accept-encoding': coding };
    const again = await raw(path, { headers });
    expect([coding, again.status, again.body.length]).toEqual([coding, 304, 0]);
    expect(again.headers.etag).toBe(tag);
  }
  const document = await raw('/openapi.json');
  const headers = { 'if-none-match': String(document.headers.etag) };
  expect((await raw('/openapi.json', { headers })).status).toBe(304);
});

test('what browsers go by', async () => {
  const docs = await raw('/docs');
  const policy = String(docs.headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  // Over plain HTTP it would keep the page from its own parts.
  expect(policy).not.toContain('upgrade-insecure-requests');
  // Whatever the page loads is this server's.
  for (const [, source = ''] of String(docs.body).matchAll(/(?:src|href)="([^"]*)"/g))
    expect(source).toMatch(/^(\/docs|\.)\//);
  for (const path of ['/docs', '/api/v1/status', '/nowhere', '/healthz'])
    expect([path, (await raw(path)).headers['x-content-type-options']]).toEqual([path, 'nosniff']);
});

test('refused for now: `retry-after` says until when', async () => {
  const limited = await httpServing(stored.store, { settings: { rateLimit: { requests: 1 } } });
  await limited.get('/api/v1/status');
  const second = await limited.get('/api/v1/status');
  expect([second.status, second.body.code]).toEqual([429, 'query/rate']);
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
  const away: Reader = {
    query: () => {
      throw new ParallaxError('store/unavailable', 'nobody answers');
    },
  };
  const alone = await httpServing(away);
  const answer = await alone.get('/api/v1/top');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
});

test('a stream of what is new ends after `maxFollow`, and gives its place back', async () => {
  const settings = { maxFollow: '200ms', maxStreams: 1 };
  const brief = await httpServing(stored.store, { settings });
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    const { status, text } = await brief.get('/api/v1/incidents/feed');
    expect([status, text]).toEqual([200, 'retry: 3000\n\n']);
    expect(performance.now() - began).toBeGreaterThan(150);
    await expect.poll(() => brief.metric('parallax_api_streams')).toBe(0);
  }
});
