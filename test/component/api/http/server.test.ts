// The HTTP API and the command that asks it, over a store with a corpus in it.
import { once } from 'node:events';
import http from 'node:http';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import { createHttpServer, type HttpServer } from '../../../../src/api/http/server.ts';
import type { Bus } from '../../../../src/bus/bus.ts';
import { busConfig } from '../../../../src/bus/config.ts';
import { createBus } from '../../../../src/bus/open.ts';
import { queryFlows } from '../../../../src/cli/observe/flows.ts';
import type { ObserveIo } from '../../../../src/cli/observe/run.ts';
import { FlowBatchBuilder } from '../../../../src/hubble/proto/batch.ts';
import { encode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { createOverview } from '../../../../src/query/catalogue/overview.ts';
import { createLiveFlows } from '../../../../src/query/flows/follow.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { HealthReport } from '../../../../src/runtime/run.ts';
import { corpus, observe, recordedCases, sha256 } from '../../../support/cli/recorded.ts';
import { checkDocument } from '../../../support/query/checked.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
let bus: Bus;
let server: HttpServer;
let url: string;
let registry: Registry;
let report: HealthReport = { phase: 'running', state: 'ok', components: [] };
const servers: HttpServer[] = [];
const logger = pino({ level: 'silent' });
const never = () => new AbortController().signal;

async function serve(settings: object = {}, live = true): Promise<HttpServer> {
  registry = new Registry();
  const config = apiConfig.parse({ listen: '127.0.0.1:0', ...settings });
  const deps = { config, logger, registry, clock: systemClock };
  const flows = createLiveFlows({ ...deps, config: config.live, bus });
  const started = createHttpServer({
    ...deps,
    store: stored.store,
    check: checkDocument,
    clusters: () => [],
    overview: createOverview({ store: stored.store, clock: systemClock, version: '1.2.3', config }),
    ...(live ? { live: flows } : {}),
    health: () => report,
  });
  await started.start(never());
  servers.push(started);
  return started;
}

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  bus = createBus(busConfig.parse({ kind: 'memory' }), {
    logger,
    registry: new Registry(),
    clock: systemClock,
  });
  await bus.start(never());
  server = await serve();
  url = server.address() ?? '';
});
afterAll(async () => {
  for (const each of servers) await each.stop(AbortSignal.timeout(2000));
  await bus.stop(AbortSignal.timeout(2000));
  await stored.close();
});

async function get(path: string, base = url) {
  const response = await fetch(base + path);
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), text };
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const flowLines = (text: string) =>
  lines(text).filter((line) => !line.startsWith('{"parallax":{"coverage":'));

test('flows as JSON lines, oldest first, as they were', async () => {
  const { status, type, text } = await get('/api/v1/flows?last=5');
  expect({ status, type }).toEqual({ status: 200, type: 'application/x-ndjson; charset=utf-8' });
  const recorded = recordedCases().find(({ id }) => id === '0996');
  expect(text).toBe(recorded?.stdout);
});

test('what the doctor finds in the store', async () => {
  const { status, text } = await get('/api/v1/doctor?window=60000');
  const { findings } = JSON.parse(text) as { findings: { check: string; cure: string }[] };
  expect({ status, checks: findings.map(({ check }) => check) }).toMatchObject({
    status: 200,
    checks: expect.arrayContaining(['store-disk', 'store-parts']),
  });
  const refused = await get('/api/v1/doctor?window=1');
  expect({ status: refused.status, field: JSON.parse(refused.text).field }).toEqual({
    status: 400,
    field: 'window',
  });
});

test('a query by POST, with filters', async () => {
  const response = await fetch(`${url}/api/v1/flows:query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      whitelist: [{ source_pod: ['farfaraway/xwing'], verdict: ['DROPPED'] }],
      all: true,
    }),
  });
  const recorded = recordedCases().find(({ id }) => id === '0700');
  expect(sha256(await response.text())).toBe(recorded?.stdout_sha256);
});

test('CEL expressions, taken and refused', async () => {
  const ask = (text: string) => {
    const filter = JSON.stringify({ experimental: { cel_expression: [text] } });
    return get(`/api/v1/flows?all=true&notices=true&whitelist=${encodeURIComponent(filter)}`);
  };
  const dropped = recordedCases().find(({ id }) => id === '0560');
  const { text } = await ask('_flow.verdict == Verdict.DROPPED');
  expect(flowLines(text).length).toBe(dropped?.stdout_lines);
  // Whoever asked for notices is told at the end what the answer covers and what it cost.
  expect(JSON.parse(lines(text).at(-1) ?? '')).toEqual({
    parallax: {
      coverage: expect.objectContaining({ collected: false, complete: false }),
      cost: {
        rows: expect.any(Number),
        bytes: expect.any(Number),
        queries: expect.any(Number),
        elapsedMs: expect.any(Number),
      },
    },
  });
  const failing = await ask('_flow.verdict == Verdict.DROPPED && 1 / (_flow.verdict - 2) == 7');
  expect(failing.text).toContain(
    `${dropped?.stdout_lines} flows are left out: the CEL expression could not be evaluated for them (division by zero)`,
  );
  const { status, text: problem } = await ask('_flow.source.identity == 1');
  expect(status).toBe(400);
  expect(JSON.parse(problem)).toMatchObject({
    code: 'input/invalid',
    detail: expect.stringContaining("no matching overload for '_==_' applied to '(uint, int)'"),
  });
});

test('the whole corpus, streamed', async () => {
  const { text } = await get('/api/v1/flows?all=true&events=all');
  expect(lines(text).length).toBe(4000);
});

test('refusals are problems that name the field', async () => {
  const { status, type, text } = await get('/api/v1/flows?last=x');
  expect(status).toBe(400);
  expect(type).toMatch(/^application\/problem\+json/);
  expect(JSON.parse(text)).toMatchObject({ code: 'input/invalid', field: 'last', status: 400 });
  const filter = encodeURIComponent('{"source_ip":["x"]}');
  expect(JSON.parse((await get(`/api/v1/flows?whitelist=${filter}`)).text).detail).toContain(
    'invalid IP address "x"',
  );
  expect(JSON.parse((await get('/nowhere')).text)).toMatchObject({
    status: 404,
    code: 'input/not-found',
  });
  const wrong = await fetch(`${url}/api/v1/status`, { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await get(`/api/v1/flows?since=${'1'.repeat(17_000)}`)).status).toBe(414);
  const large = await fetch(`${url}/api/v1/flows:query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ since: '1'.repeat(300_000) }),
  });
  expect(large.status).toBe(413);
});

test('health and metrics', async () => {
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
  report = { ...report, state: 'failed' };
  expect((await get('/readyz')).status).toBe(503);
  report = { ...report, state: 'ok' };
  expect((await get('/metrics')).text).toMatch(
    /parallax_api_requests_total\{route="\/api\/v1\/flows",status="200"\} \d/,
  );
});

test('an answer longer than allowed says so', async () => {
  const small = await serve({ maxRows: 100 });
  const path = '/api/v1/flows?all=true&notices=true';
  const { text } = await get(path, small.address());
  expect(lines(text).length).toBe(101);
  expect(JSON.parse(lines(text).at(-1) ?? '')).toMatchObject({
    parallax: { error: { code: 'store/limit' } },
  });
  // Without notices the transfer is cut, so that nobody takes a part for the whole.
  await expect(get('/api/v1/flows?all=true', small.address())).rejects.toThrow();
});

/** Opens an answer and reads nothing of it. */
async function openOnly(path: string, base: string | undefined) {
  const request = http.get(`${base}${path}`);
  const [response]: http.IncomingMessage[] = await once(request, 'response');
  return { response, close: () => request.destroy() };
}

test('as many answers at once as allowed; one that leaves makes room', async () => {
  const narrow = await serve({ maxStreams: 1 });
  const held = await openOnly('/api/v1/flows?follow=true', narrow.address());
  const refused = await get('/api/v1/flows?last=1', narrow.address());
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'query/busy' });
  held.close();
  await expect
    .poll(async () => (await get('/api/v1/flows?last=1', narrow.address())).status)
    .toBe(200);
  const streams = async () => (await get('/metrics', narrow.address())).text;
  await expect.poll(streams).toContain('parallax_api_streams 0');
});

function publish(...responses: GetFlowsResponse[]): Promise<void> {
  const builder = new FlowBatchBuilder();
  for (const response of responses) builder.add(encode(GetFlowsResponse, response));
  const value = builder.seal({
    cluster: 'c',
    relay: 'r',
    collector: 'x',
    sequence: 0,
    receivedAt: 0n,
    replay: false,
  });
  return bus.publisher().publish({ key: 'c', value });
}

test('new flows are followed, after the newest of history, without doubles', async () => {
  const whitelist = encodeURIComponent('{"verdict":["AUDIT"]}');
  const { response, close } = await openOnly(
    `/api/v1/flows?follow=true&last=2&whitelist=${whitelist}`,
    url,
  );
  let text = '';
  response?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await expect.poll(() => lines(text).length).toBe(2);
  const known = JSON.parse(lines(text)[1] ?? '').flow.uuid;
  await publish(
    { flow: { uuid: known, verdict: 4 } },
    { flow: { uuid: 'new', verdict: 4 } },
    { flow: { uuid: 'other', verdict: 1 } },
  );
  await expect.poll(() => lines(text).length, { timeout: 5000 }).toBe(3);
  expect(lines(text)[2]).toBe('{"flow":{"uuid":"new","verdict":"AUDIT"}}');
  close();
});

test('without anything collected there is nothing to follow', async () => {
  const still = await serve({}, false);
  const { status, text } = await get('/api/v1/flows?follow=true', still.address());
  expect(status).toBe(400);
  expect(JSON.parse(text).detail).toContain('cannot be followed here');
});

const asking: { readonly query: ObserveIo['query'] } = {
  query: (options, listeners) =>
    queryFlows(options, listeners, { signal: never(), nowMs: Date.now }),
};

test('the command asks the server', async () => {
  const recorded = recordedCases().find(({ id }) => id === '1005');
  const args = ['--server', url, '--last', '100', '-o', 'dict'];
  const { exit, out } = await observe(args, asking);
  expect(exit).toBe(0);
  expect(sha256(out)).toBe(recorded?.stdout_sha256);
});

test('the command finds the server by the data directory', async () => {
  await stored.store.setApiAddress(url);
  const args = ['--data-dir', stored.directory, '--last', '1'];
  const { exit, out } = await observe(args, asking);
  expect(exit).toBe(0);
  expect(out).toBe(recordedCases().find(({ id }) => id === '1000')?.stdout);
});

test('an empty answer says whether anything was collected', async () => {
  const run = (...args: string[]) => observe(['--server', url, ...args], asking);
  expect(await run('--uuid', 'nope', '--all')).toMatchObject({
    exit: 0,
    out: '',
    err: expect.stringContaining(
      'no flows match; flows are stored from 2026-03-14T22:55:00Z to 2026-03-15T00:45:00Z',
    ),
  });
  expect((await run('--since', '5m')).err).toContain('no data was collected in that window');
  const lost = await run('--uuid', 'nope', '--since', '2026-03-14', '--until', '2026-03-16');
  expect(lost.err).toMatch(/\d+ events were lost in this window \(24 reports\)/);
  expect((await run('--uuid', 'nope', '-s')).err).toBe('');
});

test('a long search says how far it has come, to those who asked for notices', async () => {
  const { store } = stored;
  const slow = new Proxy(store, {
    get: (target, name) =>
      name === 'query'
        ? async function* (...args: Parameters<typeof store.query>) {
            await new Promise((resolve) => setTimeout(resolve, 700));
            yield* store.query(...args);
          }
        : Reflect.get(target, name, target),
  });
  const config = apiConfig.parse({ listen: '127.0.0.1:0', pageRows: 2000 });
  const deps = { config, logger, registry: new Registry(), clock: systemClock };
  const sleepy = createHttpServer({
    ...deps,
    store: slow,
    check: checkDocument,
    clusters: () => [],
    overview: createOverview({ store, clock: systemClock, version: '1.2.3', config }),
    health: () => report,
  });
  await sleepy.start(never());
  servers.push(sleepy);
  const path = '/api/v1/flows?last=3';
  const told = lines((await get(`${path}&notices=true`, sleepy.address())).text);
  const progress = told.filter((line) => line.startsWith('{"parallax":{"progress":'));
  expect(progress.length).toBeGreaterThan(0);
  expect(told.slice(0, progress.length)).toEqual(progress);
  expect(JSON.parse(progress.at(-1) ?? '')).toMatchObject({
    parallax: { progress: { rows: expect.any(Number), at: expect.stringMatching(/^\d+$/) } },
  });
  expect(told.filter((line) => line.startsWith('{"flow"'))).toHaveLength(3);
  const untold = await get(path, sleepy.address());
  expect(untold.text).not.toContain('parallax');
  const shown: number[] = [];
  await observe(['--server', sleepy.address() ?? '', '--last', '3'], {
    query: (options, { say }) => {
      const progress = ({ rows }: { readonly rows: number }) => void shown.push(rows);
      return queryFlows(options, { say, progress }, { signal: never(), nowMs: Date.now });
    },
  });
  expect(shown.length).toBeGreaterThan(0);
});

test('the command says what is wrong', async () => {
  const run = (...args: string[]) => observe(args, asking);
  expect(await run('--server', 'http://127.0.0.1:1')).toMatchObject({
    exit: 5,
    out: '',
    err: expect.stringContaining('the Parallax server at http://127.0.0.1:1 cannot be reached'),
  });
  expect(await run('--data-dir', '/nonexistent/data')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('there is no data directory /nonexistent/data'),
  });
  expect((await run('--server', 'http://::')).err).toContain('is not a URL');
  expect((await run('--server', url, '-f', '--until', '1h')).err).toContain(
    'cannot set both --until and --follow',
  );
  const masked = await run('--server', url, '--last', '1', '-o', 'json', '--field-mask', 'verdict');
  expect(Object.keys(JSON.parse(masked.out).flow)).toEqual(['verdict']);
});
