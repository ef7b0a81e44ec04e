import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Bus, BusRecord, DeadLetter } from '../../../src/bus/bus.ts';
import { writerConfig } from '../../../src/enrich/config.ts';
import { writerMetrics } from '../../../src/enrich/metrics.ts';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { createRecordWriter, type WriterDeps } from '../../../src/enrich/record-writer.ts';
import { FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { encode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import { SECOND_NS } from '../../../src/runtime/time.ts';
import type { NativeBlock, QueryParams, Store } from '../../../src/store/store.ts';

import { setUp as catalogueSetUp } from '../../support/enrich/catalogue-setup.ts';

interface Inserted {
  readonly table: string;
  readonly rows: number;
  readonly token: string;
}

const DERIVED: ReadonlySet<string> = new Set(['denials', 'incidents', 'flow_totals']);

/** A store that remembers inserts and answers queries from the rows a test says are stored. */
class FakeStore {
  readonly inserts: Inserted[] = [];
  /** Those of `inserts` that are of what is derived from flows, and the others. */
  get derived() {
    return this.inserts.filter(({ table }) => DERIVED.has(table));
  }
  get own() {
    return this.inserts.filter(({ table }) => !DERIVED.has(table));
  }
  readonly queries: string[] = [];
  newest: bigint | undefined;
  stored: string[] = [];
  /** Called before each insert; may throw or wait. */
  before: (block: NativeBlock) => Promise<void> = async () => undefined;

  async insert(block: NativeBlock, { token }: { token: string }): Promise<void> {
    await this.before(block);
    this.inserts.push({ table: block.table, rows: block.rows, token });
  }

  async insertAll(blocks: readonly NativeBlock[], options: { token: string }): Promise<void> {
    for (const block of blocks) await this.insert(block, options);
  }

  async *query(sql: string, params: QueryParams): AsyncGenerator<readonly unknown[]> {
    this.queries.push(sql);
    // The query for the newest row has no uuids, the one for stored rows has.
    if (params.uuids === undefined) {
      if (this.newest !== undefined) yield [String(this.newest)];
      return;
    }
    const asked = new Set(params.uuids as readonly string[]);
    for (const uuid of this.stored) if (asked.has(uuid)) yield [uuid];
  }
}

function setUp(options: Partial<WriterDeps> = {}) {
  const store = new FakeStore();
  const letters: DeadLetter[] = [];
  const sleeps: number[] = [];
  const bus: Pick<Bus, 'deadLetter'> = {
    deadLetter: async (letter) => void letters.push(letter),
  };
  const write = createRecordWriter({
    config: writerConfig.parse({}),
    bus: bus as Bus,
    store: store as unknown as Store,
    projector: createProjector(),
    metrics: writerMetrics(new Registry()),
    logger: pino({ level: 'silent' }),
    clock: { now: () => 0, sleep: async (ms) => void sleeps.push(ms) },
    ...options,
  });
  return { store, letters, sleeps, write };
}

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function flow(n: number, seconds = 1000n): Buffer {
  return encode(GetFlowsResponse, {
    flow: { uuid: uuid(n), time: { seconds, nanos: n }, node_name: 'east/n1' },
  });
}

let offset = 0n;

function record(
  responses: readonly Buffer[],
  options: { replay?: boolean; partition?: number } = {},
) {
  const builder = new FlowBatchBuilder();
  for (const response of responses) builder.add(response);
  const value = builder.seal({
    cluster: 'east',
    relay: 'r',
    collector: 'c',
    sequence: 0,
    receivedAt: 1n,
    replay: options.replay ?? false,
  });
  return recordOf(value, options.partition);
}

function recordOf(value: Buffer, partition = 0): BusRecord {
  return {
    topic: 't',
    partition,
    offset: offset++,
    key: 'east',
    value,
    headers: {},
    timestampMs: 0,
  };
}

describe('record writer', () => {
  it('stores one record as one insert under its place on the bus', async () => {
    const { store, write } = setUp();
    const one = record([flow(1), flow(2)]);
    expect(await write(one)).toEqual({ flows: 2, events: 0, doubles: 0, deadLetters: 0 });
    const token = `t:0:${one.offset}`;
    expect(store.own).toEqual([{ table: 'flows', rows: 2, token }]);
    expect(store.derived).toEqual([{ table: 'flow_totals', rows: 1, token }]);
    expect(store.queries).toEqual([]);
  });

  it('stores what it derives from flows before them, under their token', async () => {
    const { store, write } = setUp();
    const denied = encode(GetFlowsResponse, {
      flow: {
        uuid: uuid(1),
        verdict: 2,
        drop_reason_desc: 133,
        time: { seconds: 1000n, nanos: 1 },
      },
    });
    const one = record([denied, denied, flow(2)]);
    await write(one);
    const token = `t:0:${one.offset}`;
    expect(store.inserts).toEqual([
      { table: 'flow_totals', rows: 2, token },
      { table: 'denials', rows: 1, token },
      { table: 'incidents', rows: 1, token },
      { table: 'flows', rows: 3, token },
    ]);
  });

  it('derives nothing from what is stored already, or is no flow', async () => {
    const { store, write } = setUp();
    store.newest = 2000n * SECOND_NS;
    store.stored = [uuid(1)];
    const truncated = flow(3).subarray(0, 20);
    await write(record([flow(1), flow(2, 2500n), truncated], { replay: true }));
    expect(store.inserts.map(({ table, rows }) => [table, rows])).toEqual([
      ['flow_totals', 1],
      ['flows', 1],
    ]);
  });

  it('stores lost events in their own table under the same token', async () => {
    const { store, write } = setUp();
    const lost = encode(GetFlowsResponse, { lost_events: { num_events_lost: 3n }, node_name: 'n' });
    expect(await write(record([flow(1), lost]))).toMatchObject({ flows: 1, events: 1 });
    expect(store.own.map(({ table }) => table)).toEqual(['flows', 'events']);
    expect(new Set(store.inserts.map(({ token }) => token)).size).toBe(1);
  });

  it('asks for no uuids of a replay that is newer than all that is stored', async () => {
    const { store, write } = setUp();
    store.newest = 999n * SECOND_NS;
    expect(await write(record([flow(1), flow(2)], { replay: true }))).toMatchObject({ flows: 2 });
    expect(store.queries).toHaveLength(1);
  });

  it('drops what a replay repeats, of the store and of itself', async () => {
    const { store, write } = setUp();
    store.newest = 1000n * SECOND_NS + 5n;
    store.stored = [uuid(2)];
    const replay = record([flow(1), flow(2), flow(3), flow(1), flow(9)], { replay: true });
    expect(await write(replay)).toMatchObject({ flows: 3, doubles: 2 });
    expect(store.own[0]?.rows).toBe(3);
  });

  it('stores nothing of a replay that is stored whole', async () => {
    const { store, write } = setUp();
    store.newest = 2000n * SECOND_NS;
    store.stored = [uuid(1), uuid(2)];
    const replay = record([flow(1), flow(2)], { replay: true });
    expect(await write(replay)).toMatchObject({ flows: 0, doubles: 2 });
    expect(store.inserts).toEqual([]);
  });

  it('looks a replay up only after all records before it in its partition are stored', async () => {
    const { store, write } = setUp();
    const gate = deferred();
    store.before = () => gate.promise;
    const first = write(record([flow(1)]));
    const broken = write(recordOf(Buffer.from('no batch')));
    const replay = write(record([flow(1)], { replay: true }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.queries).toEqual([]);
    gate.resolve();
    await Promise.all([first, broken, replay]);
    expect(store.queries).toHaveLength(1);
  });

  it('does not wait for records of other partitions', async () => {
    const { store, write } = setUp();
    const gate = deferred();
    store.before = ({ table, rows }) =>
      table === 'flows' && rows === 1 ? gate.promise : Promise.resolve();
    const slow = write(record([flow(1)]));
    await write(record([flow(2), flow(3)], { partition: 1 }));
    expect(store.own).toHaveLength(1);
    gate.resolve();
    await slow;
  });

  it('fails what follows a record that failed, so that no repeat is stored before its original', async () => {
    const { store, write } = setUp();
    store.before = async () => {
      throw new ParallaxError('store/rejected', 'no');
    };
    const results = await Promise.allSettled([write(record([flow(1)])), write(record([flow(2)]))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(store.inserts).toEqual([]);
  });

  it('tries again for as long as the store says it may help', async () => {
    const { store, sleeps, write } = setUp();
    let refusals = 5;
    store.before = async () => {
      if (refusals-- > 0) throw new ParallaxError('store/unavailable', 'not now');
    };
    await write(record([flow(1)]));
    expect(store.own).toHaveLength(1);
    expect(sleeps).toHaveLength(5);
    expect(Math.max(...sleeps)).toBeLessThanOrEqual(10_000);
  });

  it('gives up a refused insert when it is told to leave', async () => {
    const { store, write } = setUp();
    store.before = async () => {
      throw new ParallaxError('store/unavailable', 'not now');
    };
    await expect(write(record([flow(1)]), AbortSignal.abort())).rejects.toThrow('not now');
  });

  it('stores what the catalogue learned before it is done with the record, trying as long as it takes', async () => {
    const { catalogue } = catalogueSetUp(10);
    const { store, sleeps, write } = setUp({ catalogue });
    let refusals = 3;
    store.before = async ({ table }) => {
      if (table === 'identities' && refusals-- > 0)
        throw new ParallaxError('store/unavailable', 'not now');
    };
    const seen = encode(GetFlowsResponse, {
      flow: { source: { identity: 1000, labels: ['k8s:a=b'] }, node_name: 'east/n1' },
    });
    await write(record([seen]));
    expect(store.own.map(({ table }) => table)).toEqual(['flows', 'identities', 'cluster_facts']);
    expect(sleeps).toHaveLength(3);
    // Told once.
    await write(record([seen]));
    expect(store.own.slice(3).map(({ table }) => table)).toEqual(['flows']);
  });

  it('asks what is stored for every record of a replay command', async () => {
    const { store, write } = setUp({ replayed: true });
    store.newest = 10n ** 18n;
    store.stored = [uuid(1)];
    expect(await write(record([flow(1), flow(2)]))).toMatchObject({ flows: 1, doubles: 1 });
  });

  it('dead-letters a record that is no batch, and a response that is no message', async () => {
    const { store, letters, write } = setUp();
    const garbage = recordOf(Buffer.from('hello'));
    expect(await write(garbage)).toEqual({ flows: 0, events: 0, doubles: 0, deadLetters: 1 });
    const truncated = flow(1).subarray(0, 20);
    expect(await write(record([truncated, flow(2)]))).toMatchObject({ flows: 1, deadLetters: 1 });
    expect(letters.map(({ reason }) => reason)).toEqual(['not-a-flow-batch', 'truncated']);
    expect(letters[1]?.value).toEqual(truncated);
    expect(store.own).toHaveLength(1);
  });
});

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
