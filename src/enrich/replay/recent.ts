// Uuids that this writer stored lately, so that replays are compared with memory and not with the store. Of a cluster it
// has all that was stored after a moment, the floor. Once the store was queried for the newest row it has, everything
// newer came through the same partition and so through here, or from an import, which its rows say, or from
// `parallax replay`, whose rows were received before this began. For the rest the store is queried.
// The reasons: docs/decisions/0007-what-a-flow-costs-on-its-way.md.
import type { BusRecord } from '../../bus/bus.ts';

/** Ids and the time range of the responses of one record that were stored. */
export interface StoredIds {
  /** 16 bytes each, in canonical order. */
  readonly uuids: Uint8Array;
  /** Nanoseconds since 1970, of those that say a time. */
  readonly minTime: bigint;
  readonly maxTime: bigint;
}

export interface RecentCluster {
  /** Rows up to here may be in the store and not in `stored`; undefined until the store was asked. */
  floor: bigint | undefined;
  /** Milliseconds since 1970: the newest record before the first that is remembered was received before this. */
  sinceMs: bigint;
  readonly stored: StoredIds[];
}

interface Partition {
  next: bigint;
  readonly clusters: Map<string, RecentCluster>;
}

export class RecentlyStored {
  /** Of all uuids. */
  bytes = 0;
  private readonly maxBytes: number;
  private readonly partitions = new Map<string, Partition>();
  /** Whose batches are forgotten next. */
  private readonly order: RecentCluster[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /**
   * What is known of a record's cluster, all records before it being stored. When it does not follow on the one before,
   * somebody else had the partition meanwhile: everything about it is forgotten.
   */
  follow({ topic, partition, offset }: BusRecord, cluster: string): RecentCluster {
    const key = `${topic}/${partition}`;
    let known = this.partitions.get(key);
    if (known?.next !== offset) {
      if (known) this.forget(known);
      known = { next: offset, clusters: new Map() };
      this.partitions.set(key, known);
    }
    known.next = offset + 1n;
    const recent = known.clusters.get(cluster) ?? { floor: undefined, sinceMs: 0n, stored: [] };
    known.clusters.set(cluster, recent);
    return recent;
  }

  add(recent: RecentCluster, ids: StoredIds): void {
    if (ids.uuids.length === 0) return;
    recent.stored.push(ids);
    this.order.push(recent);
    this.bytes += ids.uuids.length;
    while (this.bytes > this.maxBytes) this.forgetOldest();
  }

  private forgetOldest(): void {
    const recent = this.order.shift();
    const ids = recent?.stored.shift();
    if (!recent || !ids) return;
    this.bytes -= ids.uuids.length;
    if (recent.floor !== undefined && ids.maxTime > recent.floor) recent.floor = ids.maxTime;
  }

  private forget({ clusters }: Partition): void {
    const gone = new Set(clusters.values());
    for (const { stored } of gone) {
      for (const { uuids } of stored) this.bytes -= uuids.length;
      stored.length = 0;
    }
    const kept = this.order.filter((recent) => !gone.has(recent));
    this.order.splice(0, this.order.length, ...kept);
  }
}
