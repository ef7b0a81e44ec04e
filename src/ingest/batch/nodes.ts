// The nodes a relay has sent from, found by the bytes of their names, and what is known of each. Bounded: a node
// silent for long makes room, and nodes beyond the bound share one entry whose responses all count as replays.

import { NodeTally } from '../coverage/tally.ts';
import { type HistoryOptions, NodeHistory } from './history.ts';

export interface NodeRecord {
  readonly name: string;
  /** Absent for the entry that nodes beyond the bound share, and for nodes of other clusters. */
  history: NodeHistory | undefined;
  /** False for a node of another cluster, whose flows are dropped. */
  own: boolean;
  readonly tally: NodeTally;
  received: number;
  /** Sum of num_events_lost. */
  lost: number;
  /** Newest plausible flow time and latest arrival, on the tracker's time; -Infinity when there was none. */
  newest: number;
  heard: number;
  /** Least (arrival − flow time) of this stream, and of the stream before: how far the node's clock is behind. */
  lag: number;
  lagBefore: number;
}

export interface NodeTableOptions extends HistoryOptions {
  readonly maxNodes: number;
  /** Whether a node is one of the cluster's own; all are when left out. */
  readonly owns?: ((name: string) => boolean) | undefined;
}

/** Nodes silent for this long may be forgotten; when they come back they are new, which is safe. */
const FORGET_NS = 600e9;

interface Slot {
  readonly name: Buffer;
  readonly record: NodeRecord;
}

export class NodeTable {
  private readonly options: NodeTableOptions;
  private readonly slots = new Map<number, Slot[]>();
  private readonly shared: NodeRecord = record('(other nodes)', true, undefined);
  private last: Slot | undefined;
  private size = 0;
  /** Not before this is it worth looking for nodes to forget. */
  private full = Number.NEGATIVE_INFINITY;

  constructor(options: NodeTableOptions) {
    this.options = options;
  }

  find(bytes: Buffer, start: number, end: number, now: number): NodeRecord {
    const { last } = this;
    if (last && equal(last.name, bytes, start, end)) return last.record;
    const key = hash(bytes, start, end);
    const chain = this.slots.get(key);
    if (chain) {
      for (const slot of chain) {
        if (!equal(slot.name, bytes, start, end)) continue;
        this.last = slot;
        return slot.record;
      }
    }
    return this.add(key, Buffer.from(bytes.subarray(start, end)), now);
  }

  *values(): Generator<NodeRecord> {
    for (const chain of this.slots.values()) for (const slot of chain) yield slot.record;
    if (this.shared.received > 0) yield this.shared;
  }

  /** Asks again which nodes are the cluster's own; the history of a new one starts `now`. */
  sort(now: number): void {
    const { owns = () => true } = this.options;
    for (const chain of this.slots.values()) {
      for (const { record } of chain) {
        record.own = owns(record.name);
        if (record.own) record.history ??= new NodeHistory(now, this.options);
      }
    }
  }

  private add(key: number, name: Buffer, now: number): NodeRecord {
    if (this.size >= this.options.maxNodes && !this.forget(now)) {
      return this.shared;
    }
    const text = name.toString();
    const own = this.options.owns?.(text) ?? true;
    const history = own ? new NodeHistory(now, this.options) : undefined;
    const slot = { name, record: record(text, own, history) };
    const chain = this.slots.get(key);
    if (chain) chain.push(slot);
    else this.slots.set(key, [slot]);
    this.size++;
    this.last = slot;
    return slot.record;
  }

  /** Makes room by forgetting the silent; false when no one is. */
  private forget(now: number): boolean {
    if (now < this.full) return false;
    for (const [key, chain] of this.slots) {
      const kept = chain.filter((slot) => now - slot.record.heard < FORGET_NS);
      this.size -= chain.length - kept.length;
      if (kept.length > 0) this.slots.set(key, kept);
      else this.slots.delete(key);
    }
    this.last = undefined;
    this.full = now + FORGET_NS / 10;
    return this.size < this.options.maxNodes;
  }
}

function record(name: string, own: boolean, history: NodeHistory | undefined): NodeRecord {
  const never = Number.NEGATIVE_INFINITY;
  const unknown = Number.POSITIVE_INFINITY;
  return {
    name,
    own,
    history,
    tally: new NodeTally(),
    received: 0,
    lost: 0,
    newest: never,
    heard: never,
    lag: unknown,
    lagBefore: unknown,
  };
}

function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  // In range: end is at most the length of the bytes.
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] as number), 0x01000193);
  return value;
}

function equal(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const { length } = name;
  if (end - start !== length) return false;
  // Names of one cluster differ at their end.
  for (let i = length - 1; i >= 0; i--) if (name[i] !== bytes[start + i]) return false;
  return true;
}
