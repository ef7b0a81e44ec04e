// The collector against the simulated relay and its faults: what the ledger says was sent is stored once.
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { FlowBatch } from '../../../src/hubble/proto/batch.ts';
import { decode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import { createSimulation } from '../../../src/simulate/simulation.ts';
import {
  responsesOf,
  startCollector,
  type TestCollector,
  until,
} from '../../support/ingest/harness.ts';

/** What a writer stores: doubles within marked batches, and against what is there, left out. */
class Table {
  readonly rows: string[] = [];
  private readonly known = new Set<string>();
  private next = 0;

  /** Takes in the batches published since; how many different uuids there are. */
  read({ publisher }: TestCollector): number {
    for (; this.next < publisher.batches.length; this.next++) {
      const batch = publisher.batches[this.next] as FlowBatch;
      for (const response of responsesOf(batch)) {
        const uuid = decode(GetFlowsResponse, response).flow?.uuid;
        if (uuid === undefined || (batch.header.replay && this.known.has(uuid))) continue;
        this.rows.push(uuid);
        this.known.add(uuid);
      }
    }
    return this.known.size;
  }
}

async function simulation(options: Record<string, unknown>) {
  const made = createSimulation(
    simulateSchema.parse({
      scenario: 'load',
      keepLedger: true,
      waitForClient: true,
      ring: 100_000,
      ...options,
    }),
    { logger: pino({ level: 'silent' }), clock: systemClock },
  );
  await made.start(new AbortController().signal);
  onTestFinished(() => made.stop(AbortSignal.abort()));
  const [relay] = made.addresses;
  return { made, address: relay?.address ?? '' };
}

const times = (fault: string, ...at: string[]) => at.map((each) => `${fault}@${each}`);

test.each([
  ['connections reset', times('drop', '500ms', '1100ms', '1700ms', '2500ms'), '30s'],
  [
    'streams ended',
    [...times('eof', '500ms', '1500ms'), ...times('error:UNAVAILABLE', '1s', '2s')],
    '30s',
  ],
  [
    'rings sent again, late events',
    [...times('replay', '700ms', '1300ms', '2s'), 'disorder:100ms@300ms'],
    '300ms',
  ],
  [
    'all of it',
    [
      ...times('drop', '800ms', '2s'),
      ...times('replay', '500ms', '1500ms'),
      'stall:200ms@1s',
      'eof@1300ms',
    ],
    '300ms',
  ],
])('%s: everything is stored, nothing twice', async (_, faults, overlap) => {
  const { made, address } = await simulation({ rate: 4000, count: 12_000, faults });
  const started = await startCollector({ name: 'load', relay: address }, { overlap });
  await made.done;
  const sent = made.ledger?.uuids('sent') ?? [];
  const table = new Table();
  await until(() => table.read(started) >= sent.length, 30_000);
  expect(table.rows.length).toBe(sent.length);
  expect(table.rows.sort()).toEqual(sent.sort());
});

test('a node fallen silent within a stream is noticed, and its flows are fetched', async () => {
  const { made, address } = await simulation({
    rate: 2000,
    count: 10_000,
    faults: ['silent@800ms'],
  });
  const started = await startCollector(
    { name: 'load', relay: address },
    { poll: '300ms', overlap: '1s' },
  );
  await made.done;
  const sent = made.ledger?.uuids('sent') ?? [];
  const table = new Table();
  await until(() => table.read(started) >= sent.length, 30_000);
  expect(table.rows.sort()).toEqual(sent.sort());
  expect(await started.metric('stream_ends_total', { cause: 'silent-node' })).toBeGreaterThan(0);
});
