// One life of a kafkajs consumer, from connecting to its end. It never restarts itself: kafkajs would sit idle after
// some crashes, so the owner opens another session or ends.
import type { Consumer, EachBatchHandler, Kafka } from 'kafkajs';
import { deferred } from '../../runtime/async.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { KafkaBusConfig } from '../config.ts';
import { retryOptions } from './client.ts';
import { RECORD_OVERHEAD } from './topic.ts';

export interface SessionOptions {
  readonly client: Kafka;
  readonly config: KafkaBusConfig;
  readonly clock: Clock;
  readonly group: string;
  readonly topic: string;
  readonly fromBeginning: boolean;
  /** True for a listener without commits, which resolves whole batches. */
  readonly tail: boolean;
  readonly concurrency: number;
  readonly eachBatch: EachBatchHandler;
  readonly onJoin: (partitions: readonly number[]) => void;
  readonly onRebalance: () => void;
  /** The first fetch is over: positions are known from here on. */
  readonly onFetch: () => void;
}

/** Resolves when `stop` did and the session has drained; rejects with what ended it otherwise. */
export async function runSession(options: SessionOptions, stop: Promise<void>): Promise<void> {
  const { topic, fromBeginning, clock } = options;
  const consumer = open(options);
  const crashed = deferred<never>();
  crashed.promise.catch(() => {}); // read by the race below, if that is reached
  const activity = watch(consumer, options);
  consumer.on(consumer.events.CRASH, ({ payload }) => crashed.reject(payload.error));
  const idle = new AbortController();
  try {
    const begun = (async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: options.tail,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: activity.around(options.eachBatch),
      });
      await silence(activity, options.config.sessionTimeout * 4, clock, idle.signal);
    })();
    begun.catch(() => {}); // lost when `stop` or a crash wins the race
    await Promise.race([begun, crashed.promise, stop]);
  } finally {
    idle.abort();
    await consumer.disconnect().catch(() => {}); // what it was disconnected for is thrown already
  }
}

function open({ client, config, group }: SessionOptions): Consumer {
  return client.consumer({
    groupId: group,
    sessionTimeout: config.sessionTimeout,
    rebalanceTimeout: config.rebalanceTimeout,
    heartbeatInterval: config.heartbeatInterval,
    maxWaitTimeInMs: config.fetchWait,
    maxBytesPerPartition: Math.max(config.fetchBytes, config.maxRecordBytes + RECORD_OVERHEAD),
    // Of all partitions together; a first record that is larger comes nevertheless (KIP-74).
    maxBytes: config.fetchBytes,
    allowAutoTopicCreation: false,
    retry: {
      ...retryOptions(config),
      // Rule "exit on a crash event with restart: false": then we decide, here and now.
      restartOnFailure: async () => false,
    },
  });
}

interface Activity {
  readonly lastAt: () => number;
  readonly around: (eachBatch: EachBatchHandler) => EachBatchHandler;
}

/** When the consumer last did anything; a batch at work counts as doing all the time. */
function watch(consumer: Consumer, options: SessionOptions): Activity {
  const { clock, topic } = options;
  let last = clock.now();
  let batches = 0;
  const touch = () => {
    last = clock.now();
  };
  const { events } = consumer;
  consumer.on(events.HEARTBEAT, touch);
  consumer.on(events.FETCH, () => {
    touch();
    options.onFetch();
  });
  consumer.on(events.REBALANCING, options.onRebalance);
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    touch();
    options.onJoin(payload.memberAssignment[topic] ?? []);
  });
  return {
    lastAt: () => (batches > 0 ? clock.now() : last),
    around: (eachBatch) => async (payload) => {
      batches++;
      try {
        await eachBatch(payload);
      } finally {
        batches--;
        touch();
      }
    },
  };
}

/** Rejects when nothing has happened for `limit`: a consumer that neither works nor crashes must not go unnoticed. */
async function silence(
  activity: Activity,
  limit: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(limit / 4, signal);
    const quiet = clock.now() - activity.lastAt();
    if (!signal.aborted && quiet > limit) throw new SilentConsumer(quiet);
  }
}

/** Marked as kafkajs marks what may be tried again. */
class SilentConsumer extends Error {
  readonly retriable = true;

  constructor(quietMs: number) {
    super(`the consumer did nothing for ${quietMs} ms`);
  }
}
