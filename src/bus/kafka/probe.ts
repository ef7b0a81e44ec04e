// One look at Kafka from outside of any role: whether the topic is as it should be, and how far a group is behind.

import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import type { KafkaBusConfig } from '../config.ts';
import { createKafkaClient } from './client.ts';
import { GroupLag } from './lag.ts';
import { deadLetterTopic, ensureTopics } from './topic.ts';

export interface KafkaProbe {
  readonly topic: string;
  readonly partitions: number;
  /** Records behind the newest; undefined when the group has no place yet or cannot be asked. */
  readonly lag: number | undefined;
  /** Records that retention removed before the group had stored them. */
  readonly expired: number;
  readonly deadLetterTopic: string;
  readonly deadLetters: number;
}

/**
 * Throws what Kafka throws when it cannot be reached, and `bus/topic` when a topic is missing or would lose or refuse
 * records. Creates nothing.
 */
export async function probeKafka(
  config: KafkaBusConfig,
  group: string,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): Promise<KafkaProbe> {
  const quick = { ...config, createTopics: false, retries: Math.min(config.retries, 2) };
  const client = createKafkaClient(quick, logger);
  const admin = client.admin();
  const lag = new GroupLag({
    group,
    topic: config.topic,
    interval: config.lagInterval,
    clock,
    onLag: () => {},
  });
  try {
    await admin.connect();
    const letters = deadLetterTopic(config);
    const topics = [config.topic, letters].map((topic) => ({ topic, partitions: 1 }));
    await ensureTopics(admin, topics, quick, logger);
    const partitions = (await admin.fetchTopicOffsets(config.topic)).map((each) => each.partition);
    await lag.look(client);
    lag.assign(partitions);
    const dead = await admin.fetchTopicOffsets(letters);
    return {
      topic: config.topic,
      partitions: partitions.length,
      lag: lag.records,
      expired: partitions.reduce((sum, partition) => sum + lag.expired(partition), 0),
      deadLetterTopic: letters,
      deadLetters: dead.reduce((sum, { low, high }) => sum + Number(BigInt(high) - BigInt(low)), 0),
    };
  } finally {
    await lag.close();
    await admin.disconnect().catch(() => {});
  }
}
