// The contract of the bus as tests; memory.test.ts and kafka.test.ts run them against both.
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bus, BusRecord, Consumer, RecordHandler } from '../../../src/bus/bus.ts';
import { ID_HEADER } from '../../../src/bus/identity.ts';
import {
  metric,
  never,
  send,
  startedPublisher,
  type TestBus,
  text,
  until,
  within,
} from './harness.ts';

export interface SeenLetter {
  readonly value: Buffer;
  readonly reason: string;
  readonly detail: string;
  readonly offset: string;
  readonly topic: string;
  readonly key: string;
}

export interface Contract {
  /** A started bus with a topic of its own, which takes records of 1 MiB at most. */
  open(): Promise<TestBus>;
  deadLetters(bus: TestBus): Promise<readonly SeenLetter[]>;
  /** The setting that too large a record has to name. */
  readonly limitName: string;
}

interface Gate {
  readonly record: BusRecord;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** A handler that is ended by hand. */
function gated(): { gates: Gate[]; handler: RecordHandler } {
  const gates: Gate[] = [];
  const handler: RecordHandler = (record) =>
    new Promise((done, fail) => gates.push({ record, done, fail }));
  return { gates, handler };
}

export function busContract(name: string, contract: Contract): void {
  describe(`${name} keeps the contract`, () => {
    const groups: string[] = [];
    const opened: { bus: Bus; consumers: Consumer[] }[] = [];

    async function open() {
      const testBus = await contract.open();
      const consumers: Consumer[] = [];
      opened.push({ bus: testBus.bus, consumers });
      const life = randomBytes(6).toString('hex'); // a group of Kafka's belongs to one topic
      const consume = async (handler: RecordHandler, maxInFlight = 1, name = 'writers') => {
        groups.push(`${name}-${life}`);
        const consumer = testBus.bus.consumer({ group: `${name}-${life}`, maxInFlight }, handler);
        consumers.push(consumer);
        await consumer.start(never);
        return consumer;
      };
      return { ...testBus, testBus, consume, publisher: await startedPublisher(testBus.bus) };
    }

    afterEach(async () => {
      for (const { bus, consumers } of opened.splice(0)) {
        await Promise.all(consumers.map((consumer) => consumer.stop(within(2000))));
        await bus.stop(within(2000));
      }
    });

    test('a record arrives as it was published, with a position, a time and an id', async () => {
      const { consume, publisher } = await open();
      const value = Buffer.from('flow '.repeat(20_000));
      const before = Date.now();
      await publisher.publish({ key: 'eks', value, headers: { kind: 'flows' } });
      const seen: BusRecord[] = [];
      await consume(async (record) => void seen.push(record));
      await until('the record arrives', () => seen.length === 1);
      expect(seen[0]).toMatchObject({ key: 'eks', offset: 0n, headers: { kind: 'flows' } });
      expect(seen[0]?.value.equals(value)).toBe(true);
      expect(seen[0]?.headers[ID_HEADER]).toMatch(/^[\w-]+:0$/);
      expect(Object.keys(seen[0]?.headers ?? {}).sort()).toEqual(['kind', ID_HEADER]);
      expect(seen[0]?.timestampMs).toBeGreaterThanOrEqual(before);
      expect(seen[0]?.timestampMs).toBeLessThanOrEqual(Date.now());
    });

    test('records of one key stay in order, and publish resolves in the order of the calls', async () => {
      const { consume, publisher } = await open();
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const seen: BusRecord[] = [];
      const resolved: number[] = [];
      await consume(async (record) => void seen.push(record), 3);
      const calls = Array.from({ length: 200 }, (_, n) =>
        publisher
          // Of different sizes, so that packing takes different times.
          .publish({
            key: keys[n % 5] ?? '',
            value: Buffer.from(`${n}${' '.repeat((n % 7) * 9000)}`),
          })
          .then(() => resolved.push(n)),
      );
      await Promise.all(calls);
      await until('all records arrive', () => seen.length === 200);
      expect(resolved).toEqual(Array.from({ length: 200 }, (_, n) => n));
      for (const [at, key] of keys.entries()) {
        const mine = seen.filter((record) => record.key === key);
        expect(mine.map((record) => Number.parseInt(text(record), 10))).toEqual(
          Array.from({ length: 40 }, (_, n) => n * 5 + at),
        );
        expect(new Set(mine.map((record) => record.partition)).size).toBe(1);
      }
      expect(publisher.pending()).toEqual({ records: 0, bytes: 0 });
    });

    test('at most maxInFlight handlers are at work, started in order', async () => {
      const { consume, publisher } = await open();
      const { gates, handler } = gated();
      await send(publisher, 'a', '0', '1', '2', '3');
      await consume(handler, 2);
      const started = () => gates.map(({ record }) => text(record)).join();
      await until('two are at work', () => gates.length === 2);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(started()).toBe('0,1');
      gates[1]?.done(); // out of order: its place may be taken by the third
      await until('the third is at work', () => gates.length === 3);
      expect(started()).toBe('0,1,2');
      gates[2]?.done();
      await until('the fourth is at work', () => gates.length === 4);
      gates[0]?.done();
      gates[3]?.done();
    });

    test('a commit waits for all before it; a rejection ends the consumer and the record comes again', async () => {
      const { consume, publisher } = await open();
      const first = gated();
      const consumer = await consume(first.handler, 3);
      await send(publisher, 'a', '0', '1', '2', '3');
      await until('the first is at work', () => first.gates.length >= 1);
      first.gates[0]?.done();
      await until('three more are at work', () => first.gates.length === 4);
      first.gates[2]?.done(); // done, but behind one that fails
      first.gates[3]?.done();
      first.gates[1]?.fail(new Error('the disk is full'));
      await expect(consumer.ended).rejects.toThrow('the disk is full');
      expect(consumer.health()).toMatchObject({ state: 'failed' });
      const again: string[] = [];
      await consume(async (record) => void again.push(text(record)), 3);
      await until('the rest comes again', () => again.length >= 3);
      expect(again).toEqual(['1', '2', '3']);
    });

    test('stop lets the handlers at work end, starts none, and keeps what they did', async () => {
      const { consume, publisher } = await open();
      const { gates, handler } = gated();
      await send(publisher, 'a', '0', '1', '2', '3', '4');
      const consumer = await consume(handler, 2);
      await until('two are at work', () => gates.length === 2);
      const stopping = consumer.stop(within(10_000));
      gates[0]?.done();
      await new Promise((resolve) => setTimeout(resolve, 50));
      gates[1]?.done();
      await stopping;
      await consumer.ended;
      expect(gates.length).toBe(2);
      const rest: string[] = [];
      await consume(async (record) => void rest.push(text(record)));
      await until('the rest arrives', () => rest.length >= 3);
      expect(rest).toEqual(['2', '3', '4']);
    });

    test('stop leaves a handler that does not end when the limit is over', async () => {
      const { consume, publisher, logs } = await open();
      const { gates, handler } = gated();
      await send(publisher, 'a', '0');
      const consumer = await consume(handler);
      await until('it is at work', () => gates.length === 1);
      const limit = within(200);
      await consumer.stop(limit);
      await consumer.ended;
      expect(limit.aborted).toBe(true);
      expect(logs.some(({ level, records }) => level === 40 && records === 1)).toBe(true);
      gates[0]?.done();
    });

    test('two consumers of a group share the records, other groups see them all', async () => {
      const { consume, publisher } = await open();
      const seen: string[] = [];
      const others: string[] = [];
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      await consume(async (record) => void seen.push(text(record)));
      await consume(async (record) => void seen.push(text(record)));
      await consume(async (record) => void others.push(text(record)), 1, 'others');
      for (const key of keys) await send(publisher, key, `${key}1`, `${key}2`);
      const all = keys.flatMap((key) => [`${key}1`, `${key}2`]);
      await until('all arrive', () => new Set(seen).size === 16 && others.length === 16);
      expect([...new Set(seen)].sort()).toEqual(all);
      expect(others.sort()).toEqual(all);
    });

    test('lag is the distance to the newest record', async () => {
      const { consume, publisher } = await open();
      const { gates, handler } = gated();
      await send(publisher, 'a', '0', '1', '2');
      const consumer = await consume(handler);
      await until('the lag is known', () => consumer.lag() === 3);
      for (let n = 0; n < 3; n++) {
        await until('the next is at work', () => gates.length === n + 1);
        gates[n]?.done();
      }
      await until('nothing is left', () => consumer.lag() === 0);
    });

    test('a tail sees only what is published after it started, and its errors are its own', async () => {
      const { bus, registry, publisher, consume } = await open();
      await send(publisher, 'a', 'old');
      const seen: BusRecord[] = [];
      const tail = bus.tail((record) => {
        seen.push(record);
        if (seen.length === 1) throw new Error('the listener is gone');
      });
      await tail.start(never);
      await send(publisher, 'a', 'new 1', `new 2 ${' '.repeat(5000)}`);
      await until('the tail sees them', () => seen.length === 2);
      expect(seen.map((record) => text(record).trim())).toEqual(['new 1', 'new 2']);
      expect(await metric(registry, 'tail_errors_total')).toBe(1);
      await tail.stop(within(5000));
      await send(publisher, 'a', 'later');
      const consumed: string[] = [];
      await consume(async (record) => void consumed.push(text(record).trim()));
      await until('a group sees all', () => consumed.length === 4);
      expect(seen.length).toBe(2);
    });

    test('a group has caught up when it has committed what was published before', async () => {
      const { bus, consume, publisher } = await open();
      const { gates, handler } = gated();
      await send(publisher, 'a', '0', '1');
      const consumer = await consume(handler);
      const group = groups.at(-1) ?? '';
      let caught = false;
      const over = new AbortController();
      const waiting = bus.caughtUp(group, over.signal).then(() => {
        caught = true;
      });
      await until('the first record arrives', () => gates.length === 1);
      await send(publisher, 'a', '2');
      gates[0]?.done();
      await until('the second record arrives', () => gates.length === 2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(caught).toBe(false);
      gates[1]?.done();
      // What was published after the call is not waited for.
      await until('it is caught up', () => caught);
      await waiting;
      const never = bus.caughtUp(`${group}-unknown`, over.signal);
      over.abort();
      await never;
      gates[2]?.done();
      await consumer.stop(within(2000));
    });

    test('a dead letter is kept with its reason and where it came from', async () => {
      const { testBus, bus, registry, publisher, consume } = await open();
      await send(publisher, 'eks', 'good', 'bad flow, and a good one');
      await consume(async (record) => {
        if (!text(record).startsWith('bad')) return;
        const value = record.value.subarray(0, 8);
        await bus.deadLetter({ record, value, reason: 'truncated', detail: 'field 3 at byte 17' });
      });
      await expect
        .poll(() => metric(registry, 'dead_letters_total', { reason: 'truncated' }))
        .toBe(1);
      const letters = await contract.deadLetters(testBus);
      expect(letters).toHaveLength(1);
      expect(letters[0]).toMatchObject({
        value: Buffer.from('bad flow'),
        reason: 'truncated',
        detail: 'field 3 at byte 17',
        offset: '1',
        key: 'eks',
      });
    });

    test('a record that no retry can publish is refused with its size and the setting to raise', async () => {
      const { publisher, registry } = await open();
      // Random bytes: compression does not help.
      const value = randomBytes(1024 * 1024 + 5000);
      const refused = publisher.publish({ key: 'a', value });
      await expect(refused).rejects.toMatchObject({ code: 'bus/too-large' });
      const message = String(await refused.catch(String));
      expect(message).toContain(contract.limitName);
      expect(message).toMatch(/105\d{4} bytes/);
      expect(message).toContain(String(1024 * 1024));
      await send(publisher, 'a', 'the next one is taken');
      expect(await metric(registry, 'refused_records_total', { code: 'bus/too-large' })).toBe(1);
    });

    test('a stopped publisher has delivered what it took, and takes no more', async () => {
      const { publisher, consume } = await open();
      const seen: string[] = [];
      await consume(async (record) => void seen.push(text(record)));
      const sent = send(publisher, 'a', ...Array.from({ length: 50 }, (_, n) => String(n)));
      await publisher.stop(within(10_000));
      await sent;
      await expect(publisher.publish({ key: 'a', value: Buffer.from('x') })).rejects.toMatchObject({
        code: 'bus/stopped',
      });
      await until('all arrive', () => seen.length === 50);
    });
  });
}
