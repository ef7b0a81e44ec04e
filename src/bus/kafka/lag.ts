// How far a group is behind, and what the topic's retention took before it was stored. Asks the brokers now and then
// over its own connection; never in the way of the records.
import type { Admin, Kafka } from 'kafkajs';
import type { Clock } from '../../runtime/clock.ts';

interface PartitionState {
  readonly committed: bigint;
  readonly low: bigint;
  readonly high: bigint;
}

export interface LagOptions {
  readonly group: string;
  readonly topic: string;
  readonly interval: number;
  readonly clock: Clock;
  /** Called after every look; undefined when it failed. */
  readonly onLag: (records: number | undefined) => void;
}

export class GroupLag {
  private readonly options: LagOptions;
  private admin: Admin | undefined;
  private states = new Map<number, PartitionState>();
  private assigned: readonly number[] = [];
  private known = false;

  constructor(options: LagOptions) {
    this.options = options;
  }

  assign(partitions: readonly number[]): void {
    this.assigned = partitions;
    this.report();
  }

  /** Records behind the newest over the assigned partitions, as of the last look. */
  get records(): number | undefined {
    if (!this.known) return undefined;
    let sum = 0n;
    for (const partition of this.assigned) {
      const state = this.states.get(partition);
      if (state) sum += state.high - max(state.committed, state.low);
    }
    return Number(sum);
  }

  /** Records that retention removed between the group's last commit and what is left, as of the last look. */
  expired(partition: number): number {
    const state = this.states.get(partition);
    if (!state || state.committed < 0n || state.committed >= state.low) return 0;
    return Number(state.low - state.committed);
  }

  async run(client: Kafka, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(client);
      await this.options.clock.sleep(this.options.interval, signal);
    }
    await this.close();
  }

  async look(client: Kafka): Promise<void> {
    const { group, topic } = this.options;
    try {
      if (!this.admin) {
        this.admin = client.admin();
        await this.admin.connect();
      }
      const [offsets, commits] = await Promise.all([
        this.admin.fetchTopicOffsets(topic),
        this.admin.fetchOffsets({ groupId: group, topics: [topic] }),
      ]);
      const committed = new Map(
        (commits[0]?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)]),
      );
      this.states = new Map(
        offsets.map(({ partition, low, high }) => [
          partition,
          { low: BigInt(low), high: BigInt(high), committed: committed.get(partition) ?? -1n },
        ]),
      );
      this.known = true;
    } catch {
      // That the brokers are gone is said by the session; here it only means that the lag is unknown.
      this.known = false;
      await this.close();
    }
    this.report();
  }

  private report(): void {
    this.options.onLag(this.records);
  }

  async close(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.disconnect().catch(() => {});
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
