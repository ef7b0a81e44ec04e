// The uuids of one batch by their bytes, each with the first place it occurs at. Of numbers only: a batch has tens of
// thousands of them, and text for each would cost more than looking them up.

const EMPTY = 0xffffffff;

export class UuidTable {
  private readonly words: Uint32Array;
  private readonly slots: Uint32Array;
  private readonly mask: number;

  /** Takes 16 bytes a uuid; calls `repeated` with each place whose uuid occurred before. */
  constructor(uuids: Uint8Array, repeated: (index: number) => void) {
    this.words = wordsOf(uuids);
    const count = this.words.length / 4;
    const capacity = 1 << (32 - Math.clz32(count * 2));
    this.slots = new Uint32Array(capacity).fill(EMPTY);
    this.mask = capacity - 1;
    for (let i = 0; i < count; i++) {
      const slot = this.slotOf(this.words, i);
      if (this.slots[slot] === EMPTY) this.slots[slot] = i;
      else repeated(i);
    }
  }

  /** Calls `found` with the place of each of `uuids` that is in here. */
  find(uuids: Uint8Array, found: (index: number) => void): void {
    const words = wordsOf(uuids);
    const count = words.length / 4;
    for (let i = 0; i < count; i++) {
      const index = this.slots[this.slotOf(words, i)] ?? EMPTY;
      if (index !== EMPTY) found(index);
    }
  }

  /** The slot that has the uuid, or the empty one where it would be. */
  private slotOf(words: Uint32Array, index: number): number {
    const { words: own, slots, mask } = this;
    const at = index * 4;
    const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]] as const;
    // Made-up uuids may differ in a few bits anywhere.
    let hash = Math.imul((a ?? 0) ^ Math.imul(b ?? 0, 0x85ebca77), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (c ?? 0), 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (d ?? 0), 0x9e3779b1);
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const known = slots[slot] ?? EMPTY;
      if (known === EMPTY) return slot;
      const from = known * 4;
      if (own[from] === a && own[from + 1] === b && own[from + 2] === c && own[from + 3] === d)
        return slot;
    }
  }
}

function wordsOf(uuids: Uint8Array): Uint32Array {
  const { buffer, byteOffset, byteLength } = byteAligned(uuids);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

function byteAligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}
