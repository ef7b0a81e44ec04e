// One eachBatch: order, limit, commits and the reasons to end early, with kafkajs's part played by hand.
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { expect, test } from 'vitest';
import { processBatch } from '../../../../src/bus/kafka/batch.ts';
import { Slots } from '../../../../src/bus/slots.ts';
import { kafkaError } from '../../../support/bus/fakes.ts';

function batchOf(count: number, overrides: Partial<EachBatchPayload> = {}) {
  const resolved: string[] = [];
  const commits: string[] = [];
  const messages = Array.from({ length: count }, (_, n) => ({
    offset: String(10 + n),
    key: Buffer.from('a'),
    value: Buffer.from(String(n)),
    timestamp: '5',
    headers: {},
  }));
  const payload = {
    batch: { topic: 't', partition: 2, messages: messages as unknown as KafkaMessage[] },
    resolveOffset: (offset: string) => void resolved.push(offset),
    heartbeat: async () => {},
    commitOffsetsIfNecessary: async (offsets?: {
      topics: { partitions: { partition: number; offset: string }[] }[];
    }) => {
      for (const { partition, offset } of offsets?.topics[0]?.partitions ?? [])
        commits.push(`${partition}:${offset}`);
    },
    isRunning: () => true,
    isStale: () => false,
    ...overrides,
  };
  // Only what processBatch uses of it.
  return { payload: payload as unknown as EachBatchPayload, resolved, commits };
}

function options(handle: (n: number) => Promise<void>, slots = 1) {
  const failures: unknown[] = [];
  return {
    failures,
    slots: new Slots(slots),
    heartbeatInterval: 20,
    stopping: () => false,
    unpack: async <R>(record: R) => record,
    handle: (record: { value: Buffer }) => handle(Number(record.value.toString())),
    onFailure: (error: unknown) => void failures.push(error),
    onCommit: () => {},
  };
}

const tick = (ms = 1) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('offsets are resolved in order and the last commit covers all', async () => {
  const { payload, resolved, commits } = batchOf(4);
  await processBatch(
    payload,
    options((n) => tick(n % 2 === 0 ? 10 : 1), 2),
  );
  expect(resolved.map(Number)).toEqual([...resolved].map(Number).sort((a, b) => a - b));
  expect(resolved.at(-1)).toBe('13');
  expect(commits.at(-1)).toBe('2:14');
});

test('a failing handler: those before it are committed, the error does not get tried again', async () => {
  const { payload, commits } = batchOf(5);
  const handled: number[] = [];
  const run = options(async (n) => {
    handled.push(n);
    await tick();
    if (n === 2) throw new Error('no space');
  });
  await expect(processBatch(payload, run)).rejects.toMatchObject({ retriable: false });
  expect(handled).toEqual([0, 1, 2]);
  expect(commits.at(-1)).toBe('2:12');
  expect(run.failures).toMatchObject([{ message: 'no space' }]);
});

test('a rebalance told by the heartbeat: no further handler starts, what is done is committed', async () => {
  const rebalance = kafkaError('REBALANCE_IN_PROGRESS', false);
  let beats = 0;
  let told = 0;
  const handled: number[] = [];
  const { payload, commits } = batchOf(5, {
    heartbeat: async () => {
      beats++;
      if (told > 0 || !handled.includes(1)) return;
      told = beats;
      throw rebalance;
    },
  });
  const run = options(async (n) => {
    handled.push(n);
    await tick();
    // The handler at work ends after it was told, and after the heartbeat went on.
    while (n === 1 && (told === 0 || beats === told)) await tick();
  });
  await expect(processBatch(payload, run)).rejects.toBe(rebalance);
  expect(handled).toEqual([0, 1]);
  expect(commits.at(-1)).toBe('2:12');
  expect(beats).toBeGreaterThan(told);
});

test('a lost connection while heartbeating ends nothing', async () => {
  const { payload, commits } = batchOf(2, { heartbeat: () => Promise.reject(new Error('closed')) });
  await processBatch(
    payload,
    options(() => tick(50)),
  );
  expect(commits.at(-1)).toBe('2:12');
});

test('stopping ends after the handlers at work, with their commit', async () => {
  const { payload, commits } = batchOf(5);
  let stopping = false;
  const handled: number[] = [];
  const run = options(async (n) => {
    handled.push(n);
    stopping = n === 1;
    await tick(20);
  });
  await processBatch(payload, { ...run, stopping: () => stopping });
  expect(handled).toEqual([0, 1]);
  expect(commits.at(-1)).toBe('2:12');
});

test('a commit that fails is tried again, and told when it goes on failing', async () => {
  let calls = 0;
  const flaky = batchOf(1, {
    commitOffsetsIfNecessary: async () => {
      if (++calls === 1) throw new Error('closed');
    },
  });
  await processBatch(
    flaky.payload,
    options(() => tick()),
  );
  expect(calls).toBe(2);
  const closed = kafkaError('NETWORK_EXCEPTION');
  const broken = batchOf(1, { commitOffsetsIfNecessary: () => Promise.reject(closed) });
  await expect(
    processBatch(
      broken.payload,
      options(() => tick()),
    ),
  ).rejects.toBe(closed);
});

test('a record is unpacked while the handler before it is at work, and not two ahead', async () => {
  const { payload } = batchOf(4);
  const events: string[] = [];
  const run = options(async (n) => {
    events.push(`begin ${n}`);
    await tick(10);
    events.push(`end ${n}`);
  });
  let next = 0;
  await processBatch(payload, {
    ...run,
    unpack: async (record) => {
      events.push(`unpack ${next++}`);
      return record;
    },
  });
  expect(events.slice(0, 6)).toEqual([
    'unpack 0',
    'begin 0',
    'unpack 1',
    'end 0',
    'begin 1',
    'unpack 2',
  ]);
});

test('a record that cannot be unpacked for another reason than poison is a failure', async () => {
  const { payload, commits } = batchOf(2);
  const run = options(() => tick());
  const unpack = () => Promise.reject(new Error('the dead letters cannot be published'));
  await expect(processBatch(payload, { ...run, unpack })).rejects.toMatchObject({
    retriable: false,
  });
  expect(commits).toEqual([]);
  expect(run.failures).toHaveLength(1);
});
