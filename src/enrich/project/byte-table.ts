// A set of byte strings, numbered from 1 in the order they came; 0 is the empty string. Looks a span of a buffer up
// by its bytes, so that nothing is decoded twice.
import { randomInt } from 'node:crypto';

const NOT_FOUND = 0;

export class ByteTable {
  /** Numbers given so far, the empty string's included; the next new string gets this one. */
  size = 1;
  /** The strings side by side; string i is `bytes.subarray(starts[i], ends[i])`. */
  bytes: Buffer;
  starts: Uint32Array;
  ends: Uint32Array;
  private view: DataView;
  private hashes: Int32Array;
  /** Open addressing: numbers by hash, at most half full. */
  private slots: Uint32Array;
  private end = 0;
  /** Differs between processes, so that nobody can make strings that all fall into one slot. */
  private readonly seed = randomInt(0x7fffffff);

  constructor(capacity = 1024) {
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
    this.hashes = new Int32Array(capacity);
    this.slots = new Uint32Array(capacity * 2);
    this.bytes = Buffer.allocUnsafeSlow(capacity * 32);
    this.view = viewOf(this.bytes);
  }

  /** Bytes kept. */
  get byteLength(): number {
    return this.end;
  }

  /** The number of the string; a new one when it equals `size` of before the call. */
  add(source: DataView, start: number, end: number): number {
    if (start === end) return 0;
    const hash = hashSpan(source, start, end, this.seed);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.slots[slot] ?? NOT_FOUND;
      if (id === NOT_FOUND) break;
      if (this.hashes[id] === hash && this.equals(id, source, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    return this.insert(hash, slot, source, start, end);
  }

  /** Forgets the newest string: what it stood for could not be read. */
  removeNewest(): void {
    const id = --this.size;
    this.end = this.starts[id] ?? 0;
    const mask = this.slots.length - 1;
    let slot = (this.hashes[id] ?? 0) & mask;
    while (this.slots[slot] !== id) slot = (slot + 1) & mask;
    // The newest entry ends its chain: nothing behind it needs to be moved.
    this.slots[slot] = NOT_FOUND;
  }

  clear(): void {
    this.size = 1;
    this.end = 0;
    this.slots.fill(NOT_FOUND);
  }

  text(id: number): string {
    return id === 0 ? '' : this.bytes.toString('utf8', this.starts[id], this.ends[id]);
  }

  private equals(id: number, source: DataView, start: number, end: number): boolean {
    const { view } = this;
    let at = this.starts[id] ?? 0;
    if ((this.ends[id] ?? 0) - at !== end - start) return false;
    let from = start;
    for (const last = end - 3; from < last; from += 4, at += 4) {
      if (view.getInt32(at, true) !== source.getInt32(from, true)) return false;
    }
    for (; from < end; from++, at++) {
      if (view.getUint8(at) !== source.getUint8(from)) return false;
    }
    return true;
  }

  private insert(hash: number, slot: number, source: DataView, start: number, end: number): number {
    const length = end - start;
    if (this.end + length > this.bytes.length) this.growBytes(length);
    const id = this.size;
    if (id === this.starts.length) this.growEntries();
    const { bytes } = this;
    let at = this.end;
    this.starts[id] = at;
    for (let from = start; from < end; from++) bytes[at++] = source.getUint8(from);
    this.ends[id] = at;
    this.end = at;
    this.hashes[id] = hash;
    this.size = id + 1;
    if (this.size * 2 > this.slots.length) this.rehash();
    else this.slots[slot] = id;
    return id;
  }

  private growBytes(more: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.end + more));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  private growEntries(): void {
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
    const hashes = new Int32Array(this.hashes.length * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 1; id < this.size; id++) {
      let slot = (this.hashes[id] ?? 0) & mask;
      while (slots[slot] !== NOT_FOUND) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.slots = slots;
  }
}

/** The same numbers in a larger array. */
export function resized(array: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity);
  larger.set(array);
  return larger;
}

/** The same numbers in an array of twice the size. */
export function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  return resized(array, array.length * 2);
}

/** Arrays of one length, by name. */
export function numberColumns<Name extends string>(
  names: readonly Name[],
  capacity: number,
): Record<Name, Uint32Array> {
  const entries = names.map((name) => [name, new Uint32Array(capacity)]);
  // fromEntries forgets the keys. Of its results V8 knows the shape; of an object filled by assignments it would not.
  return Object.fromEntries(entries) as Record<Name, Uint32Array>;
}

export function resizeAll(columns: Record<string, Uint32Array>, capacity: number): void {
  for (const [name, array] of Object.entries(columns)) columns[name] = resized(array, capacity);
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const K1 = 0x9e3779b1 | 0;
const K2 = 0x85ebca77 | 0;

// Two lanes, because a multiplication takes three cycles and the processor can run two chains at once.
function hashSpan(view: DataView, start: number, end: number, seed: number): number {
  let a = seed ^ (end - start);
  let b = a ^ K2;
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    a = Math.imul(a ^ view.getInt32(at, true), K1);
    b = Math.imul(b ^ view.getInt32(at + 4, true), K2);
    a ^= a >>> 15;
    b ^= b >>> 15;
  }
  for (; at < end; at++) a = Math.imul(a ^ view.getUint8(at), K1);
  a ^= b ^ (a >>> 15);
  a = Math.imul(a, K2);
  return a ^ (a >>> 13);
}
