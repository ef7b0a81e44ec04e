// The in-process bus: the common contract, its bound and what it does with dead letters.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MemoryBus } from '../../../../src/bus/memory/memory.ts';
import { busContract } from '../../../support/bus/contract.ts';
import {
  makeBus,
  metric,
  never,
  send,
  startedPublisher,
  text,
  until,
  within,
} from '../../../support/bus/harness.ts';

/** Room for 1 MiB and the charge of one record. */
const MAX_BYTES = `${1024 * 1024}B`;

function memoryBus(memory: object = {}) {
  const made = makeBus({ kind: 'memory', memory: { maxBytes: MAX_BYTES, ...memory } });
  // createBus gives a MemoryBus for this kind.
  return { ...made, bus: made.bus as MemoryBus };
}

busContract('the in-process bus', {
  limitName: 'bus.memory.maxBytes',
  open: async () => {
    const made = memoryBus();
    await made.bus.start(never);
    return made;
  },
  deadLetters: async ({ bus }) =>
    (bus as MemoryBus).deadLetters().map(({ record, value, reason, detail }) => ({
      value,
      reason,
      detail,
      offset: String(record.offset),
      topic: record.topic,
      key: record.key,
    })),
});

describe('the in-process bus', () => {
  test('publishing waits while it is full, in order, and says so', async () => {
    const { bus, registry } = memoryBus({ maxBytes: '100KiB' });
    const publisher = await startedPublisher(bus);
    const value = Buffer.alloc(30 * 1024);
    const resolved: number[] = [];
    const calls = Array.from({ length: 5 }, (_, n) =>
      publisher.publish({ key: 'a', value }).then(() => resolved.push(n)),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(resolved).toEqual([0, 1, 2]);
    expect(publisher.pending()).toEqual({ records: 2, bytes: 60 * 1024 });
    expect(bus.health()).toMatchObject({ state: 'degraded' });
    expect(await metric(registry, 'memory_full_waits_total')).toBe(2);
    expect(await metric(registry, 'memory_bytes')).toBeLessThanOrEqual(100 * 1024);
    const consumer = bus.consumer({ group: 'writers', maxInFlight: 1 }, async () => {});
    await consumer.start(never);
    await Promise.all(calls);
    expect(resolved).toEqual([0, 1, 2, 3, 4]);
    await until('all is let go', () => consumer.lag() === 0);
    expect(await metric(registry, 'memory_bytes')).toBe(0);
    expect(bus.health()).toEqual({ state: 'ok' });
    await consumer.stop(within(1000));
  });

  test('records are held until the slowest group has them', async () => {
    const { bus, registry } = memoryBus();
    const publisher = await startedPublisher(bus);
    const fast = bus.consumer({ group: 'fast', maxInFlight: 1 }, async () => {});
    let free = () => {};
    const slow = bus.consumer(
      { group: 'slow', maxInFlight: 1 },
      () =>
        new Promise((resolve) => {
          free = resolve;
        }),
    );
    await fast.start(never);
    await slow.start(never);
    await send(publisher, 'a', 'x'.repeat(1000));
    await until('the fast one has it', () => fast.lag() === 0);
    expect(await metric(registry, 'memory_bytes')).toBeGreaterThan(1000);
    free();
    await until('the slow one has it', () => slow.lag() === 0);
    expect(await metric(registry, 'memory_bytes')).toBe(0);
    await fast.stop(within(1000));
    await slow.stop(within(1000));
  });

  test('stopping the publisher waits until what was taken is stored', async () => {
    const { bus } = memoryBus();
    const publisher = await startedPublisher(bus);
    const stored: string[] = [];
    const consumer = bus.consumer({ group: 'writers', maxInFlight: 1 }, async (record) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      stored.push(text(record));
    });
    await consumer.start(never);
    void send(publisher, 'a', ...Array.from({ length: 20 }, (_, n) => String(n)));
    await publisher.stop(within(5000));
    expect(stored).toHaveLength(20);
    await consumer.stop(within(1000));
  });

  test('stopping within the limit rejects what still waits and says what is left', async () => {
    const { bus, logs } = memoryBus({ maxBytes: '10KiB' });
    const publisher = await startedPublisher(bus);
    const value = Buffer.alloc(9000);
    await publisher.publish({ key: 'a', value });
    const waiting = publisher.publish({ key: 'a', value });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'bus/stopped' });
    await publisher.stop(within(50));
    await refused;
    expect(logs.find(({ level }) => level === 40)).toMatchObject({ held: 1, waiting: 1 });
  });

  test('two lives of a process never share a position', async () => {
    const topics = await Promise.all(
      [1, 2].map(async () => {
        const { bus } = memoryBus();
        const publisher = await startedPublisher(bus);
        let topic = '';
        const consumer = bus.consumer({ group: 'g', maxInFlight: 1 }, async (record) => {
          topic = record.topic;
        });
        await consumer.start(never);
        await send(publisher, 'a', 'x');
        await until('it arrives', () => topic !== '');
        await consumer.stop(within(1000));
        return topic;
      }),
    );
    expect(topics[0]).toMatch(/^memory-[\w-]{12}$/);
    expect(topics[0]).not.toBe(topics[1]);
  });

  test('dead letters fill a bounded ring and a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'parallax-dlq-'));
    const file = join(directory, 'dead.jsonl');
    const { bus } = memoryBus({ deadLetters: 2, deadLetterFile: file });
    const record = {
      topic: 't',
      partition: 1,
      offset: 2n ** 60n,
      key: 'eks',
      value: Buffer.alloc(0),
      headers: {},
      timestampMs: 5,
    };
    for (const detail of ['1', '2', '3'])
      await bus.deadLetter({ record, value: Buffer.from([0, 255]), reason: 'r', detail });
    expect(bus.deadLetters().map(({ detail }) => detail)).toEqual(['2', '3']);
    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ detail }) => detail)).toEqual(['1', '2', '3']);
    expect(lines[0]).toMatchObject({
      reason: 'r',
      value: 'AP8=',
      record: { topic: 't', partition: 1, offset: String(2n ** 60n), key: 'eks' },
    });
    await rm(directory, { recursive: true });
  });

  test('a dead letter that cannot be written is said to the caller', async () => {
    const { bus } = memoryBus({ deadLetterFile: '/nowhere/dead.jsonl' });
    const record = { topic: 't', partition: 0, offset: 0n, key: '', value: Buffer.alloc(0) };
    const letter = { record: { ...record, headers: {}, timestampMs: 0 }, value: Buffer.alloc(1) };
    await expect(bus.deadLetter({ ...letter, reason: 'r', detail: '' })).rejects.toThrow('ENOENT');
  });
});
