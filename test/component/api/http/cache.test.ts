// Answers about closed windows: kept, tagged and told to be unchanged, never across who may see what; and compression.

import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tokens } from '../../../../src/api/auth.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const CLOSED = '/api/v1/connections?since=2026-03-14T23:00:00Z&until=2026-03-14T23:05:00Z';
let stored: StoredCorpus;
let api: HttpServing;

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  api = await httpServing(stored.store);
});
afterAll(() => stored.close());

test('a closed window is answered once, and then told to be unchanged', async () => {
  const first = await api.get(CLOSED);
  expect(first.status).toBe(200);
  expect(first.headers.get('cache-control')).toBe('private, max-age=60');
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
  const again = await api.get(CLOSED);
  expect(again.text).toBe(first.text);
  expect(await api.metric('parallax_api_cached_total', { outcome: 'given' })).toBe(1);
  for (const tag of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
    const unchanged = await api.get(CLOSED, { 'if-none-match': tag });
    expect([tag, unchanged.status, unchanged.text]).toEqual([tag, 304, '']);
  }
  expect((await api.get(CLOSED, { 'if-none-match': '"other"' })).status).toBe(200);
  expect(await api.metric('parallax_api_cached_bytes')).toBeGreaterThan(first.text.length);
});

test('what is still going on is neither kept nor tagged', async () => {
  for (const path of [
    '/api/v1/connections?since=1h',
    '/api/v1/clusters',
    `${CLOSED}&until=`.replace('&until=2026-03-14T23:05:00Z', ''),
  ]) {
    const { headers } = await api.get(path);
    expect([path, headers.get('cache-control'), headers.get('etag')]).toEqual([
      path,
      'no-store',
      null,
    ]);
  }
});

test('the tag is of what is said: it changes when late flows came, and not by what the answer cost', async () => {
  const { get } = await httpServing(stored.store, { settings: { cache: { size: '0B' } } });
  const path = '/api/v1/services?since=2026-01-01T00:00:00Z&until=2026-01-01T01:00:00Z';
  const tag = async () => (await get(path)).headers.get('etag');
  const empty = await tag();
  expect(await tag()).toBe(empty);
  const time = fromNanos(msToNs(Date.parse('2026-01-01T00:30:00Z')));
  const flow = {
    time,
    uuid: 'dddddddd-0000-4000-8000-000000000001',
    verdict: 1,
    Type: 1,
    IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 1 },
    l4: { TCP: { source_port: 1, destination_port: 80, flags: { SYN: true } } },
    source: { namespace: 'a', pod_name: 'x' },
    destination: { namespace: 'b', pod_name: 'y' },
  };
  await stored.insert([{ flow, time }]);
  expect(await tag()).not.toBe(empty);
});

test('what one may see is not given to another', async () => {
  const scopes: Record<string, { clusters: string[] } | undefined> = {
    all: undefined,
    none: { clusters: [] },
  };
  const tokens: Tokens = {
    needed: true,
    principalOf: (who = '') => ({ name: who, scope: scopes[who] }),
  };
  const { get } = await httpServing(stored.store, { tokens });
  const all = await get(CLOSED, { authorization: 'all' });
  const none = await get(CLOSED, { authorization: 'none' });
  expect(all.body.connections).not.toEqual([]);
  expect(none.body.connections).toEqual([]);
  expect((await get(CLOSED, { authorization: 'all' })).text).toBe(all.text);
});

test('long answers are compressed for those who take it, short and live ones are not', async () => {
  const raw = (path: string, encoding?: string) =>
    new Promise<{ headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const headers = encoding === undefined ? {} : { 'accept-encoding': encoding };
      http
        .get(api.url + path, { headers }, async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve({ headers: response.headers, body: Buffer.concat(chunks) });
        })
        .once('error', reject);
    });
  const path = '/api/v1/flows?last=200';
  const plain = await raw(path);
  expect(plain.headers['content-encoding']).toBeUndefined();
  const zipped = await raw(path, 'gzip');
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.body).toString()).toBe(plain.body.toString());
  expect(zipped.body.length).toBeLessThan(plain.body.length / 4);
  const document = await raw(CLOSED, 'gzip');
  expect(document.headers['content-encoding']).toBe('gzip');
  expect(JSON.parse(gunzipSync(document.body).toString())).toHaveProperty('connections');
  expect((await raw('/api/v1/identities', 'gzip')).headers['content-encoding']).toBeUndefined();
  const noticed = await raw('/api/v1/flows?last=200&notices=true', 'gzip');
  expect(noticed.headers['content-encoding']).toBeUndefined();
});
