// What a test asks the broker itself, past the program under test.
import kafkajs, { type Admin } from 'kafkajs';

const { Kafka, logLevel } = kafkajs;

export interface TopicWatch {
  /** Records not committed by the group, summed over the partitions. */
  lag(): Promise<number>;
  /** Records in a topic. */
  records(topic: string): Promise<number>;
  close(): Promise<void>;
}

export function watchTopic(brokers: readonly string[], topic: string, group: string): TopicWatch {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'test',
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 1000 },
  });
  let admin: Admin | undefined;
  const connected = async () => {
    if (!admin) {
      admin = kafka.admin();
      await admin.connect();
    }
    return admin;
  };
  return {
    async lag() {
      const client = await connected();
      const ends = await client.fetchTopicOffsets(topic);
      const [group1] = await client.fetchOffsets({ groupId: group, topics: [topic] });
      const committed = new Map(group1?.partitions.map((p) => [p.partition, Number(p.offset)]));
      let lag = 0;
      for (const { partition, high } of ends) {
        lag += Number(high) - Math.max(0, committed.get(partition) ?? 0);
      }
      return lag;
    },
    async records(name) {
      const ends = await (await connected()).fetchTopicOffsets(name);
      return ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    },
    async close() {
      await admin?.disconnect();
    },
  };
}
