// Denials, incidents and totals made anew of stored flows are those that the writer made of them.

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writerConfig } from '../../../../src/enrich/config.ts';
import { createProjector } from '../../../../src/enrich/project/projector.ts';
import { settleRecent } from '../../../../src/enrich/refill/recent.ts';
import { type RefillOptions, refill } from '../../../../src/enrich/refill/refill.ts';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { untold } from '../../../engines/fill-totals.ts';
import { numberOf, rowsOf } from '../../../engines/stores.ts';
import { denialFlows } from '../../../support/enrich/denial-flows.ts';
import { batchOf, encodeResponse } from '../../../support/enrich/responses.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const TABLES = ['denials', 'incidents', 'flow_totals'] as const;
/** What is the same however often and in however many pieces it was stored. */
const WITHOUT: Readonly<Record<(typeof TABLES)[number], string>> = {
  denials: 'stored_at',
  incidents: 'origin, sequence, stored_at, received_at',
  flow_totals: 'origin, sequence, received_at',
};
const ALL: RefillOptions = {
  from: -1_000_000,
  to: 10_000_000,
  quietMs: Number.NEGATIVE_INFINITY,
  surplusFrom: Number.NEGATIVE_INFINITY,
  awaitDeletes: true,
};

/** Waits until the engine has done what it was told to delete. */
async function deleted(store: StoredCorpus['store']): Promise<void> {
  const sql = 'SELECT count() FROM system.mutations WHERE NOT is_done';
  while ((await numberOf(store, sql)) > 0) await systemClock.sleep(100);
}

let stored: StoredCorpus;
let receivedMs = Date.now() - 86_400_000;

beforeEach(async () => {
  stored = await storedCorpus();
});
afterEach(() => stored.close());

const deps = () => ({
  store: stored.store,
  limits: writerConfig.parse({}),
  logger: pino({ level: 'silent' }),
  clock: systemClock,
});

/** In the order of time, as a node sends them, in batches each of its own arrival. */
async function insert(flows: readonly GetFlowsResponse[], cluster = 'test'): Promise<void> {
  const sorted = [...flows].sort((a, b) => timeOf(a) - timeOf(b));
  for (let from = 0; from < sorted.length; from += 400) {
    const receivedAt = msToNs(receivedMs++);
    await stored.insert(sorted.slice(from, from + 400), { cluster, receivedAt });
  }
}

function timeOf({ time }: GetFlowsResponse): number {
  return Number(time?.seconds ?? 0n) + (time?.nanos ?? 0) / 1e9;
}

async function derived(): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const table of TABLES) {
    const sums = table === 'flow_totals' ? 'sum(flows)' : 'sum(drops), sum(verdicts)';
    const columns = (
      await rowsOf(
        stored.store,
        `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
           AND name NOT IN splitByString(', ', {without:String})
           AND name NOT IN ('flows', 'drops', 'verdicts', 'denials', 'first_seen', 'last_seen') ORDER BY position`,
        { table, without: WITHOUT[table] },
      )
    ).map(([name]) => name);
    const times = table === 'incidents' ? ', sum(denials), min(first_seen), max(last_seen)' : '';
    const sql = `SELECT ${columns.join(', ')}, ${sums}${times} FROM ${table} GROUP BY ${columns.join(', ')}`;
    found[table] = (await rowsOf(stored.store, sql)).map((row) => JSON.stringify(row)).sort();
    expect(found[table]?.length, table).toBeGreaterThan(0);
  }
  return found;
}

test('of flows that were stored before there were any', async () => {
  await insert(denialFlows(3000, 11), 'east');
  await insert(denialFlows(3000, 12), 'west');
  const before = await derived();
  for (const table of TABLES) await stored.store.command(`TRUNCATE TABLE ${table}`);
  const outcome = await refill(deps(), ALL);
  expect(outcome).toMatchObject({ flows: 6000, left: 0 });
  expect(outcome.denials).toBe(before.denials?.length);
  expect(await derived()).toEqual(before);
  expect(await refill(deps(), ALL)).toEqual({ hours: 0, flows: 0, denials: 0, left: 0 });
});

test('of totals from before some of their columns, but not where flows have expired', async () => {
  await insert(denialFlows(600, 11), 'east');
  await insert(denialFlows(300, 12), 'west');
  const before = await derived();
  await untold(stored.store);
  const slot = await numberOf(
    stored.store,
    "SELECT min(time_slot) FROM flows WHERE cluster = 'west'",
  );
  const some = `cluster = 'west' AND time_slot = ${slot}`;
  const sum = `SELECT sum(flows) FROM flow_totals WHERE ${some}`;
  const counted = await numberOf(stored.store, sum);
  await stored.store.command(`DELETE FROM flows WHERE ${some} AND cityHash64(uuid) % 2 = 0`);
  const options = { ...ALL, surplusFrom: Number.POSITIVE_INFINITY, awaitDeletes: false };
  const { flows } = await refill(deps(), options);
  await deleted(stored.store);
  expect(flows).toBe(900 - counted);
  expect(await numberOf(stored.store, sum)).toBe(counted);
  const told = (rows: readonly string[] = []) =>
    rows.filter((row) => JSON.parse(row)[2] === 'east');
  const after = await derived();
  expect(told(after.flow_totals).length).toBeGreaterThan(100);
  expect(told(after.flow_totals)).toEqual(told(before.flow_totals));
});

test('only of the clusters and slots asked for, and not of what was just received', async () => {
  await insert(denialFlows(500, 13), 'east');
  await insert(denialFlows(500, 14), 'west');
  for (const table of TABLES) await stored.store.command(`TRUNCATE TABLE ${table}`);
  expect(await refill(deps(), { ...ALL, clusters: ['east'] })).toMatchObject({ flows: 500 });
  const late = { ...ALL, quietMs: Date.now() };
  expect(await refill(deps(), late)).toMatchObject({ hours: 0, flows: 0, left: 3 });
  const slot = await numberOf(
    stored.store,
    "SELECT min(time_slot) FROM flows WHERE cluster = 'west'",
  );
  const { flows } = await refill(deps(), { ...ALL, to: slot });
  expect(flows).toBe(
    await numberOf(
      stored.store,
      `SELECT count() FROM flows WHERE cluster = 'west' AND time_slot = ${slot}`,
    ),
  );
});

test('what a killed process counted and did not store is not counted', async () => {
  await insert(denialFlows(3000, 15), 'east');
  await insert(denialFlows(1000, 16), 'west');
  const before = await derived();
  const projector = createProjector();
  const lost = denialFlows(400, 17).map(encodeResponse);
  const receivedAt = msToNs(receivedMs++);
  const { blocks } = projector.project(batchOf(lost, { cluster: 'east', receivedAt })).derived;
  for (const block of blocks) await stored.store.insert(block, { token: 'lost' });
  expect(await numberOf(stored.store, 'SELECT sum(flows) FROM flow_totals')).toBe(4400);
  const outcome = await settleRecent(deps(), ['east']);
  expect(outcome.hours).toBeGreaterThan(0);
  await deleted(stored.store);
  expect(await derived()).toEqual(before);
  expect(await settleRecent(deps())).toMatchObject({ hours: 0 });
});

test('cut short at an insert, it is made whole the next time', async () => {
  const slots = denialFlows(3000, 19).filter(({ time }) => (time?.seconds ?? 0n) < 1_773_499_400n);
  await insert(slots);
  const before = await derived();
  for (const table of TABLES) await stored.store.command(`TRUNCATE TABLE ${table}`);
  let inserts = 0;
  const cut = (at: number) =>
    new Proxy(stored.store, {
      get: (target, name) =>
        name === 'insert'
          ? async (...args: Parameters<typeof target.insert>) => {
              if (inserts++ === at) throw new Error('killed');
              await target.insert(...args);
            }
          : Reflect.get(target, name).bind(target),
    });
  for (const at of [0, 1, 3]) {
    inserts = 0;
    await expect(refill({ ...deps(), store: cut(at) }, ALL)).rejects.toThrow('killed');
  }
  inserts = 0;
  expect(await refill({ ...deps(), store: cut(-1) }, ALL)).toMatchObject({ flows: slots.length });
  expect(inserts).toBeGreaterThan(4);
  expect(await derived()).toEqual(before);
});

test('totals whose flows expired are left as they are', async () => {
  await insert(denialFlows(1000, 18));
  await stored.store.command('TRUNCATE TABLE flows');
  const before = await derived();
  expect(await refill(deps(), { ...ALL, surplusFrom: 10_000_000 })).toMatchObject({ hours: 0 });
  expect(await derived()).toEqual(before);
});
