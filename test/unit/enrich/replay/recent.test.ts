// What the writer remembers of what it stored: whoever else stores in between, a replay is stored once.

import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Bus, BusRecord } from '../../../../src/bus/bus.ts';
import { writerConfig } from '../../../../src/enrich/config.ts';
import { writerMetrics } from '../../../../src/enrich/metrics.ts';
import { createProjector, type Projector } from '../../../../src/enrich/project/projector.ts';
import { createRecordWriter } from '../../../../src/enrich/record-writer.ts';
import { RecentlyStored } from '../../../../src/enrich/replay/recent.ts';
import { UuidTable } from '../../../../src/enrich/replay/uuid-table.ts';
import { FlowBatchBuilder, IMPORT_RELAY } from '../../../../src/hubble/proto/batch.ts';
import { encode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { NS_PER_MS, SECOND_NS } from '../../../../src/runtime/time.ts';
import type { NativeBlock, QueryParams, Store } from '../../../../src/store/store.ts';

const uuidOf = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
/** Nanoseconds since 1970: in the order of their numbers, but for a few from a clock that is wrong. */
const timeOf = (n: number) => (n % 61 === 60 ? 10_000n + BigInt(n) : 1000n + BigInt(n)) * NS_PER_MS;

function recordOf(
  ns: readonly number[],
  replay: boolean,
  relay: string,
  offset: number,
  receivedAt = 5n,
) {
  const builder = new FlowBatchBuilder();
  for (const n of ns) {
    const [seconds, nanos] = [timeOf(n) / SECOND_NS, Number(timeOf(n) % SECOND_NS)];
    builder.add(encode(GetFlowsResponse, { flow: { uuid: uuidOf(n), time: { seconds, nanos } } }));
  }
  const header = { cluster: 'east', relay, collector: 'c', sequence: 0, receivedAt, replay };
  const value = builder.seal(header);
  const [topic, partition] = ['t', relay === IMPORT_RELAY ? 1 : 0];
  return { topic, partition, offset: BigInt(offset), key: '', value, headers: {}, timestampMs: 0 };
}

/** A store of uuids, times and relays, which answers the writer's questions from them. */
class UuidStore {
  readonly rows: { uuid: string; time: bigint; relay: string; receivedMs: bigint }[] = [];
  asked = 0;
  private readonly tokens = new Set<string>();
  private readonly blocks = new WeakMap<NativeBlock, UuidStore['rows']>();

  /** A projector whose blocks this store can read. */
  projector(): Projector {
    const real = createProjector();
    return {
      ...real,
      project: (batch, drop) => {
        const made = real.project(batch, drop);
        const texts = made.ids.uuids.toString('hex').match(/.{32}/g) ?? [];
        const rows = texts.map((hex) => {
          const n = Number.parseInt(hex.slice(20), 16);
          const { relay, receivedAt } = batch.header;
          return { uuid: uuidOf(n), time: timeOf(n), relay, receivedMs: receivedAt / NS_PER_MS };
        });
        if (made.flows) this.blocks.set(made.flows, rows);
        return made;
      },
    };
  }

  async insert(block: NativeBlock, { token }: { token: string }): Promise<void> {
    const key = `${block.table} ${token}`;
    if (this.tokens.has(key)) return;
    this.tokens.add(key);
    this.rows.push(...(this.blocks.get(block) ?? []));
  }

  async insertAll(blocks: readonly NativeBlock[], options: { token: string }): Promise<void> {
    for (const block of blocks) await this.insert(block, options);
  }

  async *query(_: string, params: QueryParams): AsyncGenerator<readonly unknown[]> {
    const { from, to, floor, since, uuids } = params as Record<string, bigint> & {
      uuids?: string[];
    };
    const window = this.rows.filter(({ time }) => time >= (from ?? 0n) && time <= (to ?? 0n));
    // The query for the newest row has no uuids, the one for stored rows has.
    if (uuids === undefined) {
      const known = window.filter(
        ({ relay, time, receivedMs }) =>
          relay === 'import' || time <= (floor ?? 0n) || receivedMs < (since ?? 0n),
      );
      const times = known.map(({ time }) => time);
      if (times.length > 0) yield [String(times.sort((a, b) => Number(a - b)).at(-1))];
      return;
    }
    this.asked += uuids.length;
    for (const { uuid } of window) if (uuids.includes(uuid)) yield [uuid];
  }
}

function writerOf(store: UuidStore, projector: Projector, maxBytes?: number) {
  const deps = {
    config: writerConfig.parse({}),
    bus: { deadLetter: async () => undefined } as unknown as Bus, // nothing else of it is used
    store: store as unknown as Store, // as far as the writer goes
    projector,
    metrics: writerMetrics(new Registry()),
    logger: pino({ level: 'silent' }),
    clock: { now: () => 0, sleep: async () => undefined },
  };
  if (maxBytes === undefined) return createRecordWriter({ ...deps, replayed: true });
  return createRecordWriter(deps, new RecentlyStored(maxBytes));
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fresh' as const), count: fc.nat(9) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('replay' as const, 'import' as const),
      back: fc.nat(25),
      count: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'again' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('other' as const), writer: fc.nat(2) }) },
);

test('whoever stores in between, and however little is remembered: everything once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(0, 200, 800, 1 << 20),
      async (steps, maxBytes) => {
        const store = new UuidStore();
        const projector = store.projector();
        const writers = [0, 1, 2].map(() => writerOf(store, projector, maxBytes));
        let at = 0;
        let next = 0;
        let last: BusRecord | undefined;
        const offsets: [relay: number, imported: number] = [0, 0];
        for (const each of steps) {
          if (each.kind === 'restart') writers[at] = writerOf(store, projector, maxBytes);
          else if (each.kind === 'other') at = each.writer;
          else {
            if (each.kind !== 'again') {
              const from = each.kind === 'fresh' ? next : Math.max(0, next - each.back);
              const end = Math.max(next, from) + each.count;
              const numbers = Array.from({ length: end - from }, (_, i) => from + i);
              next = end;
              const relay = each.kind === 'import' ? IMPORT_RELAY : 'relay';
              const offset = offsets[each.kind === 'import' ? 1 : 0]++;
              last = recordOf(numbers, each.kind !== 'fresh', relay, offset);
            }
            if (last) await writers[at]?.(last);
          }
        }
        const stored = store.rows.map(({ uuid }) => uuid).sort();
        expect(stored).toEqual(Array.from({ length: next }, (_, n) => uuidOf(n)));
      },
    ),
    { numRuns: 600 },
  );
});

test('a collector that starts again costs no question about a uuid', async () => {
  const store = new UuidStore();
  const write = writerOf(store, store.projector(), 1 << 20);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => from + i).filter((n) => n % 61 !== 60);
  await write(recordOf(numbers(0, 100), false, 'relay', 0));
  await write(recordOf(numbers(100, 200), false, 'relay', 1));
  const replay = await write(recordOf(numbers(50, 300), true, 'relay', 2));
  expect(replay.doubles).toBe(numbers(50, 200).length);
  expect(store.rows).toHaveLength(numbers(0, 300).length);
  expect(store.asked).toBe(0);
});

test('what another writer stored in between is asked for again, and what an import stored', async () => {
  const store = new UuidStore();
  const projector = store.projector();
  const [here, there] = [0, 1].map(() => writerOf(store, projector, 1 << 20));
  await here?.(recordOf([1, 2], false, 'relay', 0));
  await there?.(recordOf([3, 4], false, 'relay', 1));
  expect(await here?.(recordOf([3, 4, 5], true, 'relay', 2))).toMatchObject({ doubles: 2 });
  await there?.(recordOf([6, 7], true, IMPORT_RELAY, 0));
  expect(await here?.(recordOf([6, 7, 8], true, 'relay', 3))).toMatchObject({ doubles: 2 });
  expect(store.rows).toHaveLength(8);
});

test('what `parallax replay` put back while the writer runs is asked for', async () => {
  const store = new UuidStore();
  const projector = store.projector();
  const receivedAt = (seconds: number) => BigInt(seconds) * SECOND_NS;
  const lost = recordOf([5, 6, 7], false, 'relay', 0, receivedAt(10));
  // The store is empty when the writer starts, and hears first of what a ring gives again.
  const write = writerOf(store, projector, 1 << 20);
  await write(recordOf([1, 2], true, 'relay', 1, receivedAt(60)));
  const replay = writerOf(store, projector);
  expect(await replay(lost)).toMatchObject({ flows: 3 });
  const ring = recordOf([3, 4, 5, 6, 7, 8], true, 'relay', 2, receivedAt(61));
  expect(await write(ring)).toMatchObject({ flows: 3, doubles: 3 });
  expect(store.rows).toHaveLength(8);
  // What the writer stored is not asked for, though a minute later.
  await write(recordOf([9, 10], false, 'relay', 3, receivedAt(90)));
  const asked = store.asked;
  await write(recordOf([9, 10, 11], true, 'relay', 4, receivedAt(91)));
  expect(store.asked).toBe(asked);
});

test('memory stays within its limit, whatever is forgotten', () => {
  const recent = new RecentlyStored(1000);
  const record = (offset: number, partition: number) =>
    ({ ...recordOf([], false, 'relay', offset), partition }) as BusRecord;
  for (let i = 0; i < 50; i++) {
    const known = recent.follow(record(i % 7, i % 3), 'east');
    known.floor ??= 0n;
    const ids = { uuids: new Uint8Array(16 * (i % 11)), minTime: 0n, maxTime: BigInt(i) };
    recent.add(known, ids);
    expect(recent.bytes).toBeLessThanOrEqual(1000);
  }
});

test('the table finds what is in it and nothing else', () => {
  const byte = fc.integer({ min: 0, max: 2 });
  const uuids = fc.array(fc.array(byte, { minLength: 16, maxLength: 16 }), { maxLength: 60 });
  fc.assert(
    fc.property(uuids, uuids, (own, others) => {
      const text = (uuid: number[]) => uuid.join('');
      const repeated: number[] = [];
      const table = new UuidTable(Uint8Array.from(own.flat()), (i) => repeated.push(i));
      const first = own.map((uuid) => own.findIndex((each) => text(each) === text(uuid)));
      expect(repeated).toEqual(first.flatMap((at, i) => (at === i ? [] : [i])));
      const found: number[] = [];
      table.find(Uint8Array.from(others.flat()), (i) => found.push(i));
      const places = others.map((uuid) => own.findIndex((each) => text(each) === text(uuid)));
      expect(found).toEqual(places.filter((at) => at >= 0));
    }),
  );
});
