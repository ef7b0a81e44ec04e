// Live events over HTTP: as they come, alive while it is quiet, and going on where a client was cut off, by way of the
// store.

import http from 'node:http';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import type { Bus } from '../../../../src/bus/bus.ts';
import { busConfig } from '../../../../src/bus/config.ts';
import { createBus } from '../../../../src/bus/open.ts';
import { FlowBatchBuilder } from '../../../../src/hubble/proto/batch.ts';
import { encode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { createLiveFlows, type LiveFlows } from '../../../../src/query/flows/follow.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
let bus: Bus;
let live: LiveFlows;
let api: HttpServing;
const open: http.ClientRequest[] = [];
const poll = { timeout: 20_000 };

beforeAll(async () => {
  stored = await storedCorpus();
  const deps = { logger: pino({ level: 'silent' }), registry: new Registry(), clock: systemClock };
  bus = createBus(busConfig.parse({ kind: 'memory' }), deps);
  await bus.start(new AbortController().signal);
  live = createLiveFlows({ ...deps, config: apiConfig.parse({}).live, bus });
  api = await httpServing(stored.store, { live, settings: { heartbeat: '200ms' } });
});
afterAll(async () => {
  for (const request of open) request.destroy();
  await live.stop(AbortSignal.timeout(1000));
  await bus.stop(AbortSignal.timeout(1000));
  await stored.close();
});

const uuidOf = (at: number) => `eeeeeeee-0000-4000-8000-${String(at).padStart(12, '0')}`;

/** On the bus and in the store, as what is collected comes to be. */
async function collect(at: number): Promise<void> {
  const time = fromNanos(msToNs(Date.now()));
  const response: GetFlowsResponse = {
    flow: { time, uuid: uuidOf(at), verdict: at % 2 === 0 ? 1 : 2, node_name: 'test/node' },
    time,
  };
  await stored.insert([response]);
  const builder = new FlowBatchBuilder();
  builder.add(encode(GetFlowsResponse, response));
  const receivedAt = msToNs(Date.now());
  const header = {
    cluster: 'test',
    relay: 'r',
    collector: 'c',
    receivedAt,
    replay: false,
    sequence: at,
  };
  await bus.publisher().publish({ key: 'test', value: builder.seal(header) });
}

function follow(path: string, headers: Record<string, string> = {}) {
  const state = { text: '', type: '' };
  const request = http.get(
    api.url + path,
    { headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip', ...headers } },
    (response) => {
      state.type = `${response.headers['content-type']} ${response.headers['content-encoding'] ?? ''}`;
      response.setEncoding('utf8').on('data', (chunk) => {
        state.text += chunk;
      });
      response.on('error', () => undefined);
    },
  );
  request.on('error', () => undefined);
  open.push(request);
  const found = (pattern: RegExp) =>
    [...state.text.matchAll(pattern)].map(([, value]) => value ?? '');
  return {
    state,
    leave: () => request.destroy(),
    ids: () => found(/^id: (.*)$/gm),
    uuids: () => found(/"uuid":"(eeeeeeee[^"]*)"/g),
  };
}

test('events as they come, with ids, and a sign of life while it is quiet', async () => {
  const client = follow('/api/v1/flows');
  await expect.poll(() => client.state.text, poll).toContain(': alive');
  // Neither gathered by proxies nor held back by a compressor.
  expect(client.state.type.trim()).toBe('text/event-stream; charset=utf-8');
  await collect(1);
  await expect.poll(client.uuids, poll).toEqual([uuidOf(1)]);
  expect(client.ids()[0]).toMatch(new RegExp(`^\\d{19}-${uuidOf(1)}$`));
  const dropped = follow('/api/v1/flows?verdict=DROPPED');
  await expect.poll(() => dropped.state.text, poll).toContain(': alive');
  await collect(2);
  await collect(3);
  await expect.poll(client.uuids, poll).toEqual([1, 2, 3].map(uuidOf));
  await expect.poll(dropped.uuids, poll).toEqual([uuidOf(3)]);
  client.leave();
  dropped.leave();
  await expect.poll(() => api.metric('parallax_api_streams'), poll).toBe(0);
});

test('a client that comes again misses nothing of what came meanwhile', async () => {
  const first = follow('/api/v1/flows');
  await expect.poll(() => first.state.text, poll).toContain(': alive');
  await collect(10);
  await expect.poll(first.uuids, poll).toContain(uuidOf(10));
  const last = first.ids().at(-1) ?? '';
  first.leave();
  await collect(11);
  await collect(12);
  const second = follow('/api/v1/flows', { 'last-event-id': last });
  await expect.poll(second.uuids, poll).toEqual(expect.arrayContaining([11, 12].map(uuidOf)));
  await collect(13);
  await expect.poll(second.uuids, poll).toContain(uuidOf(13));
  // Within one connection each comes once, from the store or live.
  expect(new Set(second.uuids()).size).toBe(second.uuids().length);
  second.leave();
});
