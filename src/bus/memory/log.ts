// The state of the in-process bus: partitions of records bounded in bytes, and groups that read them. A record is
// held until every group has committed it; while no group exists, nothing is let go.
import { randomBytes } from 'node:crypto';
import { aborted } from '../../runtime/async.ts';
import type { BusRecord } from '../bus.ts';
import type { BusMetrics } from '../metrics.ts';
import { OrderedProgress } from '../progress.ts';

export interface Member {
  /** True when another record of any partition may be given to it now. */
  ready(): boolean;
  take(record: BusRecord, done: () => void): void;
}

/** Charged for every record beside its value, so that empty values are bounded too. */
const RECORD_OVERHEAD = 512;

interface Partition {
  readonly number: number;
  readonly records: BusRecord[];
  /** Offset of `records[0]`. */
  first: bigint;
  next: bigint;
}

/** One group's place in one partition. */
interface Claim {
  owner: Member | undefined;
  position: bigint;
  committed: bigint;
  progress: OrderedProgress;
}

export interface Group {
  readonly members: Member[];
  readonly claims: Claim[];
}

interface Waiting {
  readonly enter: () => void;
  readonly bytes: number;
}

export interface MemoryLogOptions {
  readonly maxBytes: number;
  readonly partitions: number;
  readonly metrics: BusMetrics;
}

export class MemoryLog {
  /** A random run id: dedup tokens of two lives of a process must never meet. */
  readonly topic = `memory-${randomBytes(9).toString('base64url')}`;
  readonly maxBytes: number;
  private readonly metrics: BusMetrics;
  private readonly partitions: Partition[];
  private readonly groups = new Map<string, Group>();
  private readonly waiting: Waiting[] = [];
  private readonly tails = new Set<(record: BusRecord) => void>();
  private readonly movers = new Set<() => void>();
  private bytes = 0;
  private pumping = false;

  constructor({ maxBytes, partitions, metrics }: MemoryLogOptions) {
    this.maxBytes = maxBytes;
    this.metrics = metrics;
    this.partitions = Array.from({ length: partitions }, (_, number) => ({
      number,
      records: [],
      first: 0n,
      next: 0n,
    }));
    metrics.memoryLimit.set(maxBytes);
    metrics.memoryBytes.set(0);
  }

  get full(): boolean {
    return this.waiting.length > 0;
  }

  get held(): number {
    return this.partitions.reduce((sum, { records }) => sum + records.length, 0);
  }

  /** True while something is held that a member of some group could still take. */
  get draining(): boolean {
    return this.held > 0 && [...this.groups.values()].some((group) => group.members.length > 0);
  }

  /** Calls `enter` once there is room for `bytes`, in the order of the calls; the return takes the request back. */
  reserve(bytes: number, enter: () => void): () => void {
    const request = { enter, bytes };
    if (this.waiting.length > 0 || !this.fits(bytes)) this.metrics.memoryWaits.inc();
    this.waiting.push(request);
    this.admit();
    return () => {
      const at = this.waiting.indexOf(request);
      if (at >= 0) this.waiting.splice(at, 1);
      this.admit();
    };
  }

  append(record: Omit<BusRecord, 'topic' | 'partition' | 'offset'>): void {
    const number = partitionOf(record.key, this.partitions.length);
    const partition = this.partitions[number] as Partition; // number < length, by partitionOf
    const kept = { ...record, topic: this.topic, partition: number, offset: partition.next++ };
    partition.records.push(kept);
    this.hold(charge(kept));
    for (const tail of this.tails) tail(kept);
    this.pump();
  }

  tail(handler: (record: BusRecord) => void): () => void {
    this.tails.add(handler);
    return () => this.tails.delete(handler);
  }

  join(name: string, member: Member): void {
    let group = this.groups.get(name);
    if (!group) {
      group = {
        members: [],
        claims: this.partitions.map(({ first }) => ({
          owner: undefined,
          position: first,
          committed: first,
          progress: new OrderedProgress(),
        })),
      };
      this.groups.set(name, group);
    }
    group.members.push(member);
    this.metrics.rebalances.inc({ group: name });
    this.pump();
  }

  /** Records still at work of this member come again to the others; their late ends are ignored. */
  leave(name: string, member: Member): void {
    const group = this.groups.get(name);
    if (!group?.members.includes(member)) return;
    group.members.splice(group.members.indexOf(member), 1);
    for (const claim of group.claims) if (claim.owner === member) release(claim);
    this.pump();
    this.notify();
  }

  lag(name: string, member: Member): number | undefined {
    const group = this.groups.get(name);
    if (!group?.members.includes(member)) return undefined;
    return group.claims.reduce((sum, claim, number) => {
      const newest = this.partitions[number]?.next ?? 0n;
      return claim.owner === member ? sum + Number(newest - claim.committed) : sum;
    }, 0);
  }

  /** Hands records to members as far as these take them. Reentrant calls are left to the running one. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      let moved = true;
      while (moved) {
        moved = false;
        for (const group of this.groups.values()) if (this.pumpGroup(group)) moved = true;
      }
    } finally {
      this.pumping = false;
    }
  }

  /** Calls `listener` whenever records were let go or a member has left. */
  onMoved(listener: () => void): () => void {
    this.movers.add(listener);
    return () => this.movers.delete(listener);
  }

  /** Resolves once the group has committed what is held now, or when the signal aborts. */
  async caughtUp(name: string, signal: AbortSignal): Promise<void> {
    const ends = this.partitions.map(({ next }) => next);
    const over = aborted(signal);
    const behind = () =>
      ends.some((end, number) => {
        const committed = this.groups.get(name)?.claims[number]?.committed;
        return (committed ?? this.partitions[number]?.first ?? end) < end;
      });
    while (behind() && !signal.aborted) {
      let forget = () => {};
      const moved = new Promise<void>((wake) => {
        forget = this.onMoved(wake);
      });
      await Promise.race([moved, over]);
      forget();
    }
  }

  private pumpGroup(group: Group): boolean {
    let moved = false;
    for (const [number, claim] of group.claims.entries()) {
      const target = group.members[number % Math.max(1, group.members.length)];
      if (claim.owner !== target && claim.progress.open === 0) {
        release(claim);
        claim.owner = target;
      }
      const partition = this.partitions[number];
      const owner = claim.owner;
      if (!partition || !owner || owner !== target || !owner.ready()) continue;
      const record = partition.records[Number(claim.position - partition.first)];
      if (!record) continue;
      claim.position = record.offset + 1n;
      const { progress } = claim;
      const entry = progress.begin(record.offset);
      moved = true;
      owner.take(record, () => {
        entry.done = true;
        if (progress === claim.progress) this.commit(claim, partition);
      });
    }
    return moved;
  }

  private commit(claim: Claim, partition: Partition): void {
    const last = claim.progress.advance();
    if (last !== undefined) {
      claim.committed = last + 1n;
      this.free(partition);
    }
    this.pump();
  }

  private free(partition: Partition): void {
    let until = partition.next;
    for (const { claims } of this.groups.values()) {
      const committed = claims[partition.number]?.committed ?? 0n;
      if (committed < until) until = committed;
    }
    while (partition.first < until) {
      const record = partition.records.shift();
      if (record) this.hold(-charge(record));
      partition.first++;
    }
    this.admit();
    this.notify();
  }

  private notify(): void {
    for (const listener of this.movers) listener();
  }

  private fits(bytes: number): boolean {
    return this.bytes + bytes + RECORD_OVERHEAD <= this.maxBytes || this.held === 0;
  }

  private admit(): void {
    for (let next = this.waiting[0]; next && this.fits(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      next.enter();
    }
  }

  private hold(bytes: number): void {
    this.bytes += bytes;
    this.metrics.memoryBytes.set(this.bytes);
  }
}

function charge(record: BusRecord): number {
  return record.value.length + RECORD_OVERHEAD;
}

function release(claim: Claim): void {
  claim.owner = undefined;
  claim.position = claim.committed;
  claim.progress = new OrderedProgress();
}

/** FNV-1a over the key's UTF-16 units. */
function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}
