import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalApi, type LocalRequest, openLocalApi } from '../../../src/app/local-api.ts';
import { fromNanos } from '../../../src/hubble/proto/timestamp.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { never, openStore } from '../../engines/stores.ts';
import { type StoredCorpus, storedCorpus } from '../../support/query/stored.ts';

const FLOWS = 20_000;
const options = { version: '1.2.3', signal: never };

let stored: StoredCorpus;
let api: LocalApi;

beforeAll(async () => {
  stored = await storedCorpus();
  const now = msToNs(Date.now());
  await stored.insert(
    Array.from({ length: FLOWS }, (_, index) => ({
      flow: {
        time: fromNanos(now - msToNs(FLOWS - index)),
        uuid: `eeeeeeee-0000-4000-8000-${String(index).padStart(12, '0')}`,
        verdict: 1,
        node_name: 'test/node',
      },
    })),
  );
  await stored.store.stop(AbortSignal.timeout(10_000));
  api = await openLocalApi(stored.directory, options);
});
afterAll(async () => {
  await api.close();
  await stored.close();
});

async function ask(request: LocalRequest) {
  const { statusCode, headers, body } = await api.request(request);
  let text = '';
  for await (const chunk of body) text += chunk;
  return { statusCode, headers, text };
}

test('answers documents, and refuses as a server does', async () => {
  const status = await ask({ path: '/api/v1/status' });
  expect(status.statusCode).toBe(200);
  expect(JSON.parse(status.text)).toMatchObject({
    num_flows: String(FLOWS),
    version: 'parallax v1.2.3',
  });
  const wrong = await ask({ path: '/api/v1/top?by=nothing' });
  expect(wrong.statusCode).toBe(400);
  expect(wrong.headers['content-type']).toContain('application/problem+json');
  expect(JSON.parse(wrong.text)).toMatchObject({ code: 'input/invalid' });
  expect((await ask({ path: '/api/v1/nothing' })).statusCode).toBe(404);
  expect((await ask({ path: '/api/v1/flows:query', body: { follow: true } })).statusCode).toBe(400);
  const { deliveries } = JSON.parse((await ask({ path: '/api/v1/alerts/deliveries' })).text);
  expect(deliveries).toEqual([]);
});

test('streams all flows, as fast as they are read', async () => {
  const { statusCode, body } = await api.request({
    path: '/api/v1/flows:query',
    body: { all: true },
    headers: { accept: 'application/x-ndjson' },
  });
  expect(statusCode).toBe(200);
  await sleep(1500);
  const held = body.readableLength;
  let lines = 0;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    lines += String(chunk).split('\n').length - 1;
  }
  expect(lines).toBe(FLOWS);
  expect(held).toBeLessThan(bytes / 4);
});

test('a destroyed body and an aborted signal end the answer', async () => {
  const first = await api.request({ path: '/api/v1/flows:query', body: { all: true } });
  first.body.destroy();
  const over = new AbortController();
  const { body } = await api.request({
    path: '/api/v1/flows:query',
    body: { all: true },
    signal: over.signal,
  });
  const read = async () => {
    for await (const _ of body) over.abort();
  };
  await expect(read()).rejects.toThrow(/abort/i);
  expect((await ask({ path: '/api/v1/status' })).statusCode).toBe(200);
});

test('close ends a stream that nobody reads, and frees the directory', async () => {
  const { body } = await api.request({ path: '/api/v1/flows:query', body: { all: true } });
  body.on('error', () => undefined);
  await api.close();
  api = await openLocalApi(stored.directory, options);
  await expect(openLocalApi(stored.directory, options)).rejects.toMatchObject({
    code: 'store/locked',
  });
});

test('a directory without tables is refused and left closed', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'parallax-local-'));
  // The engine has one directory open in a process.
  await api.close();
  try {
    const config = { chdb: { path: join(scratch, 'data') } };
    await (await openStore(config, { tables: false })).stop();
    for (let round = 0; round < 2; round++)
      await expect(openLocalApi(config.chdb.path, options)).rejects.toMatchObject({
        code: 'store/migration',
        message: expect.stringContaining('has no tables of this version'),
      });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    api = await openLocalApi(stored.directory, options);
  }
});
