// The rules of publishing that were learned by killing things, each against a broker that does the killing on demand.
import { expect, test } from 'vitest';
import { ID_HEADER } from '../../../../src/bus/identity.ts';
import { KafkaPublisher } from '../../../../src/bus/kafka/publisher.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import {
  type Fate,
  fakeDeps,
  fakeKafka,
  kafkaConfig,
  kafkaError,
} from '../../../support/bus/fakes.ts';

const never = new AbortController().signal;

async function publisherWith(fate?: Fate, config: object = {}) {
  const kafka = fakeKafka(fate);
  const { deps, ...rest } = fakeDeps();
  const publisher = new KafkaPublisher(
    {
      name: 'bus publisher',
      topic: 't',
      config: kafkaConfig({ compression: 'none', ...config }),
      client: async () => kafka.client,
    },
    deps,
  );
  await publisher.start(never);
  return { publisher, kafka, ...rest };
}

function record(value: string | Buffer, key = 'a') {
  return { key, value: Buffer.from(value) };
}

test('never two sends at once, however many records wait', async () => {
  const { publisher, kafka } = await publisherWith(undefined, { maxRecordBytes: '10KiB' });
  await Promise.all(
    Array.from({ length: 50 }, () => publisher.publish(record(Buffer.alloc(6000)))),
  );
  expect(kafka.mostAtOnce()).toBe(1);
  expect(kafka.sent.length).toBeGreaterThan(20);
  expect(kafka.producers()).toBe(1);
});

test('records that wait go together, as far as one send may carry', async () => {
  const { publisher, kafka } = await publisherWith(undefined, { maxRecordBytes: '100KiB' });
  const values = Array.from({ length: 40 }, (_, n) => record(Buffer.alloc(20_000, n)));
  await Promise.all(values.map((one) => publisher.publish(one)));
  const sizes = kafka.sent.map(({ messages }) =>
    messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0),
  );
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100 * 1024);
  expect(Math.max(...sizes)).toBeGreaterThan(60_000);
  const order = kafka.sent.flatMap(({ messages }) => messages.map(({ value }) => value?.[0]));
  expect(order).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test('after a failed send: another producer, the same batch with the same ids, then the next', async () => {
  const { publisher, kafka, slept, logs } = await publisherWith((_, sends) =>
    sends <= 3 ? Promise.reject(kafkaError('REQUEST_TIMED_OUT')) : undefined,
  );
  await Promise.all([publisher.publish(record('0')), publisher.publish(record('1'))]);
  await publisher.publish(record('2'));
  expect(kafka.sent.map(({ producer }) => producer)).toEqual([0, 1, 2, 3, 3]);
  expect(kafka.disconnected).toEqual([0, 1, 2]);
  const ids = kafka.sent.map(({ messages }) => messages.map(({ headers }) => headers?.[ID_HEADER]));
  for (const again of ids.slice(1, 4)) expect(again).toEqual(ids[0]);
  expect(ids[0]).toHaveLength(2);
  expect(slept).toHaveLength(3);
  const told = logs.filter(({ level }) => level >= 30).map(({ msg }) => msg);
  expect(told).toEqual(['bus cannot be reached, trying again', 'bus reached again']);
  expect(publisher.health()).toEqual({ state: 'ok' });
});

test('waits grow to the longest, with jitter', async () => {
  const { publisher, slept } = await publisherWith((_, sends) =>
    sends <= 10 ? Promise.reject(new Error('away')) : undefined,
  );
  await publisher.publish(record('0'));
  for (const [n, ms] of slept.entries()) {
    const longest = Math.min(100 * 2 ** n, 2000);
    expect(ms).toBeGreaterThanOrEqual(longest / 2);
    expect(ms).toBeLessThanOrEqual(longest);
  }
});

test('a record the broker refuses for its size is rejected alone', async () => {
  const { publisher, kafka } = await publisherWith(({ messages }) =>
    messages.some(({ value }) => (value?.length ?? 0) > 50)
      ? Promise.reject(kafkaError('MESSAGE_TOO_LARGE', false))
      : undefined,
  );
  const results = await Promise.allSettled(
    [10, 60, 20].map((size) => publisher.publish(record(Buffer.alloc(size)))),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { code: 'bus/too-large' } });
  expect(kafka.mostAtOnce()).toBe(1);
  expect(publisher.pending()).toEqual({ records: 0, bytes: 0 });
});

test('too large before and after packing: refused with both sizes and the setting', async () => {
  const { randomBytes } = await import('node:crypto');
  const { publisher, kafka } = await publisherWith(undefined, {
    compression: 'zstd',
    maxRecordBytes: '10KiB',
    maxValueBytes: '100KiB',
  });
  const refusals = await Promise.allSettled([
    publisher.publish(record(Buffer.alloc(200_000))),
    publisher.publish(record(randomBytes(50_000))),
    publisher.publish(record(Buffer.alloc(90_000))),
  ]);
  expect(refusals[0]).toMatchObject({
    reason: {
      code: 'bus/too-large',
      message: expect.stringMatching(/200000 bytes .*maxValueBytes/),
    },
  });
  expect(refusals[1]).toMatchObject({
    reason: {
      message: expect.stringMatching(/\(50000 before compression\).*maxRecordBytes of 10240/),
    },
  });
  expect(refusals[2]?.status).toBe('fulfilled');
  expect(kafka.sent).toHaveLength(1);
});

test('pending counts the packed bytes once packed, so that a buffer lasts longer', async () => {
  let free = () => {};
  const blocked = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { publisher } = await publisherWith(() => blocked, { compression: 'zstd' });
  const published = publisher.publish(record(Buffer.alloc(1_000_000, 'flow')));
  expect(publisher.pending()).toEqual({ records: 1, bytes: 1_000_000 });
  await expect.poll(() => publisher.pending().bytes).toBeLessThan(1000);
  expect(publisher.pending().records).toBe(1);
  free();
  await published;
  expect(publisher.pending()).toEqual({ records: 0, bytes: 0 });
});

test('stop waits for what was taken; past its limit the rest is rejected and counted', async () => {
  const gentle = await publisherWith();
  const sent = gentle.publisher.publish(record('0'));
  await gentle.publisher.stop(AbortSignal.timeout(1000));
  await sent;
  const stuck = await publisherWith(() => new Promise(() => {}));
  const waiting = [0, 1, 2].map((n) => stuck.publisher.publish(record(String(n))));
  const refused = Promise.allSettled(waiting);
  await stuck.publisher.stop(AbortSignal.timeout(30));
  for (const result of await refused)
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'bus/stopped' } });
  expect(stuck.logs.at(-1)).toMatchObject({ level: 40, records: 3 });
});

test('a topic that is wrong rejects at once', async () => {
  const { deps } = fakeDeps();
  const wrong = new ParallaxError('bus/topic', 'compacted');
  const config = kafkaConfig();
  const client = () => Promise.reject(wrong);
  const publisher = new KafkaPublisher({ name: 'p', topic: 't', config, client }, deps);
  await publisher.start(never);
  await expect(publisher.publish(record('0'))).rejects.toBe(wrong);
  expect(publisher.health().state).toBe('failed');
});
