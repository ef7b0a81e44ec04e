// A record whose writer is killed between any two of its inserts comes again to another one: its flows, and what is
// derived of them, are stored once.

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bus, BusRecord } from '../../../src/bus/bus.ts';
import { writerConfig } from '../../../src/enrich/config.ts';
import { writerMetrics } from '../../../src/enrich/metrics.ts';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { createRecordWriter } from '../../../src/enrich/record-writer.ts';
import { FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { DENIAL_SQL } from '../../../src/incident/denial.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { numberOf } from '../../engines/stores.ts';
import { denialFlows } from '../../support/enrich/denial-flows.ts';
import { encodeResponse } from '../../support/enrich/responses.ts';
import { type StoredCorpus, storedCorpus } from '../../support/query/stored.ts';

const TABLES = ['flow_totals', 'denials', 'incidents', 'flows'];
const FLOWS = 400;

let stored: StoredCorpus;
let offset = 0n;

beforeAll(async () => {
  stored = await storedCorpus();
});
afterAll(() => stored.close());

/** A writer that knows nothing of before; it is killed after so many inserts. */
function writerKilledAfter(inserts: number) {
  let left = inserts;
  const store = new Proxy<Store>(stored.store, {
    get(target, name) {
      if (name !== 'insertAll') return Reflect.get(target, name).bind(target);
      return async (...[blocks, options]: Parameters<Store['insertAll']>) => {
        // Nothing at all of a record of repeats that is stored whole.
        if (blocks.length > 0) expect(blocks.map(({ table }) => table)).toEqual(TABLES);
        await target.insertAll(blocks.slice(0, left), options);
        left -= blocks.length;
        if (left < 0) throw new Error('killed');
      };
    },
  });
  return createRecordWriter({
    config: writerConfig.parse({}),
    bus: {} as Bus, // nothing is dead-lettered
    store,
    projector: createProjector(),
    metrics: writerMetrics(new Registry()),
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
}

function record(seed: number, replay: boolean): BusRecord {
  const builder = new FlowBatchBuilder();
  for (const response of denialFlows(FLOWS, seed)) builder.add(encodeResponse(response));
  const value = builder.seal({
    cluster: 'east',
    relay: 'east',
    collector: 'life',
    sequence: seed,
    receivedAt: msToNs(Date.now() + seed),
    replay,
  });
  const place = { topic: 'flows', partition: 0, offset: offset++ };
  return { ...place, key: 'east', value, headers: {}, timestampMs: 0 };
}

const cases = [false, true].flatMap((replay) =>
  [0, 1, 2, 3, 4].map((inserts) => [replay ? 'of repeats' : 'of new flows', inserts] as const),
);

test.each(cases)('%s, after %i inserts', async (kind, inserts) => {
  const before = await sums();
  const seed = 100 + Number(offset);
  const one = record(seed, kind === 'of repeats');
  const first = writerKilledAfter(inserts)(one);
  if (inserts < TABLES.length) await expect(first).rejects.toThrow('killed');
  else await first;
  await writerKilledAfter(100)(one);
  const after = await sums();
  expect(after.flows).toBe(before.flows + FLOWS);
  expect(after.counted).toBe(after.flows);
  expect(after.denied).toBeGreaterThan(before.denied);
  expect(after.denials).toBe(after.denied);
  expect(after.incidents).toBe(after.denied);
});

async function sums() {
  const { store } = stored;
  return {
    flows: await numberOf(store, 'SELECT count() FROM flows'),
    counted: await numberOf(store, 'SELECT sum(flows) FROM flow_totals'),
    denied: await numberOf(store, `SELECT count() FROM flows WHERE ${DENIAL_SQL}`),
    denials: await numberOf(store, 'SELECT sum(drops + verdicts) FROM denials'),
    incidents: await numberOf(store, 'SELECT sum(drops + verdicts) FROM incidents'),
  };
}
