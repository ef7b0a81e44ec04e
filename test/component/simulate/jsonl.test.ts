import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { toJsonLine } from '../../../src/hubble/json/json.ts';
import { responseFromJson } from '../../../src/hubble/json/response-json.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { client, firstRelay, read, simulation, until } from '../../support/simulate/harness.ts';

const CORPUS = 'test/fixtures/corpus/flows.jsonl.gz';

test('a recording with its times kept comes over the wire as it was', async () => {
  const sim = await simulation({
    scenario: 'jsonl',
    file: CORPUS,
    times: 'kept',
    rate: 50_000,
    ring: 5000,
    waitForClient: true,
  });
  const reading = read(client(firstRelay(sim)), { follow: true });
  await sim.done;
  const text = gunzipSync(readFileSync(CORPUS)).toString();
  const lines = text.split('\n').filter((line) => line !== '');
  // One status of its own says which nodes are connected.
  const all = () => reading.responses.length + reading.lost.length + reading.statuses.length - 1;
  await until('every line', () => all() === lines.length);
  const flows = lines.map(responseFromJson).filter(({ flow }) => flow);
  const print = (each: GetFlowsResponse) => toJsonLine(GetFlowsResponse, each);
  expect(reading.responses.map(print).sort()).toEqual(flows.map(print).sort());
});

test('times are moved to now, gaps kept; since works on them', async () => {
  const sim = await simulation({ scenario: 'jsonl', file: CORPUS, times: 'rate', rate: 20_000 });
  const before = Date.now();
  await sim.done;
  const since = { seconds: BigInt(Math.floor(before / 1000)) - 5n, nanos: 0 };
  const reading = read(client(firstRelay(sim)), { since });
  expect((await reading.ended).code).toBe(status.OK);
  expect(reading.responses.length).toBeGreaterThan(3000);
  for (const { flow, time } of reading.responses) expect(flow?.time).toEqual(time);
});

test('lines that are no flow are left out, a file of none is refused', async () => {
  await expect(simulation({ scenario: 'jsonl', file: 'package.json' })).rejects.toThrow(
    /no line that is a flow/,
  );
  const sim = await simulation({
    scenario: 'jsonl',
    file: 'test/fixtures/captured/flows.jsonl.gz',
    times: 'kept',
    rate: 100_000,
  });
  await sim.done;
  expect(sim.made()).toBe(1963);
});
