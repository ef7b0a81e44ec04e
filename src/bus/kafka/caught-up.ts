// Waits until a group has committed what a topic holds now. Asks the brokers over a connection of its own, which lasts
// as long as the question.
import type { Admin, Kafka } from 'kafkajs';
import type { Clock } from '../../runtime/clock.ts';

const POLL_MS = 100;

/** Resolves when it has, or when the signal aborts; rejects when the brokers cannot be asked. */
export async function groupCaughtUp(
  client: Kafka,
  { topic, group }: { readonly topic: string; readonly group: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  try {
    const ends = await endsOf(admin, topic);
    while (!signal.aborted) {
      const [commits] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      for (const { partition, offset } of commits?.partitions ?? []) {
        const end = ends.get(partition);
        if (end !== undefined && BigInt(offset) >= end) ends.delete(partition);
      }
      if (ends.size === 0) return;
      await clock.sleep(POLL_MS, signal);
    }
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** The offset behind the newest record of each partition that has records. */
async function endsOf(admin: Admin, topic: string): Promise<Map<number, bigint>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  const filled = offsets.filter(({ low, high }) => low !== high);
  return new Map(filled.map(({ partition, high }) => [partition, BigInt(high)]));
}
