// Numbers keys of a few 32-bit words each, from 0 in the order they came. For keys of texts' numbers: no object and no
// string for one.
import { randomInt } from 'node:crypto';

const K1 = 0x9e3779b1 | 0;
const K2 = 0x85ebca77 | 0;

export class KeyTable {
  /** Keys so far. */
  size = 0;
  /** Word `i` of key `n` is `words[n * width + i]`. */
  words: Uint32Array;
  /** The key to look for, filled in by the caller. */
  readonly probe: Uint32Array;
  private readonly width: number;
  /** Open addressing: one more than the key's number, at most half full. */
  private slots: Uint32Array;
  /** Differs between processes, so that nobody can make keys that all fall into one slot. */
  private readonly seed = randomInt(0x7fffffff);

  constructor(width: number, capacity = 1024) {
    this.width = width;
    this.probe = new Uint32Array(width);
    this.words = new Uint32Array(width * capacity);
    this.slots = new Uint32Array(capacity * 2);
  }

  /** The number of the key in `probe`; a new one when it equals `size` of before the call. */
  find(): number {
    const slot = this.slotOfProbe();
    const number = (this.slots[slot] ?? 0) - 1;
    return number < 0 ? this.insert(slot) : number;
  }

  /** The number of the key in `probe`, -1 when it has none. */
  known(): number {
    return (this.slots[this.slotOfProbe()] ?? 0) - 1;
  }

  clear(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  /** The slot that has the probe, or the empty one where it would be. */
  private slotOfProbe(): number {
    const { probe, words, slots, width } = this;
    const mask = slots.length - 1;
    let slot = hashOf(probe, width, this.seed) & mask;
    for (;;) {
      const number = (slots[slot] ?? 0) - 1;
      if (number < 0) return slot;
      const from = number * width;
      let i = 0;
      while (i < width && words[from + i] === probe[i]) i++;
      if (i === width) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private insert(slot: number): number {
    const { probe, width } = this;
    const number = this.size++;
    if ((number + 1) * width > this.words.length) {
      const words = new Uint32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
    }
    this.words.set(probe, number * width);
    if (this.size * 2 > this.slots.length) this.rehash();
    else this.slots[slot] = number + 1;
    return number;
  }

  private rehash(): void {
    const { words, width } = this;
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      const key = words.subarray(number * width, (number + 1) * width);
      let slot = hashOf(key, width, this.seed) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.slots = slots;
  }
}

function hashOf(key: Uint32Array, width: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < width; i++) {
    hash = Math.imul(hash ^ (key[i] ?? 0), K1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, K2);
  return hash ^ (hash >>> 13);
}
