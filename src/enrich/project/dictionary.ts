// From numbers of the writer's whole life to the small ones of a block: each LowCardinality column gets a dictionary of
// the texts its rows have, and an index as narrow as that allows.
import type { ByteStrings, ColumnData } from '../../store/native/native.ts';
import type { ByteTable } from './byte-table.ts';
import type { Scratch } from './scratch.ts';

export class Dictionaries {
  private readonly scratch: Scratch;
  /** By text or entry: the pass that saw it last, and its number in that pass. */
  private stamps = new Uint32Array(0);
  private slots = new Uint32Array(0);
  private stamp = 0;
  /** By entry: its number in the dictionary of the column at hand. */
  private slotOfEntry = new Uint32Array(0);

  constructor(scratch: Scratch) {
    this.scratch = scratch;
  }

  /** Makes room for numbers below `size`. */
  reserve(size: number): void {
    if (size <= this.stamps.length) return;
    const capacity = size * 2;
    this.stamps = new Uint32Array(capacity);
    this.slots = new Uint32Array(capacity);
    this.slotOfEntry = new Uint32Array(capacity);
    this.stamp = 0;
  }

  /** The different numbers of the rows, 0 first whether they have it or not. */
  distinct(ids: Uint32Array, rows: number): Uint32Array {
    const { stamps, slots } = this;
    const stamp = this.nextStamp();
    const found = this.scratch.u32(rows + 1);
    stamps[0] = stamp;
    slots[0] = 0;
    found[0] = 0;
    let count = 1;
    for (let row = 0; row < rows; row++) {
      const id = ids[row] ?? 0;
      if (stamps[id] !== stamp) {
        stamps[id] = stamp;
        slots[id] = count;
        found[count++] = id;
      }
    }
    return found.subarray(0, count);
  }

  /** A column whose rows have texts' numbers. */
  ofTexts(texts: ByteTable, ids: Uint32Array, rows: number): ColumnData {
    const found = this.distinct(ids, rows);
    return {
      kind: 'lowCardinality',
      dictionary: this.strings(texts, found),
      index: this.gather(this.slots, ids, rows, found.length),
    };
  }

  /**
   * A column whose rows have entries' numbers in `ids`, where `textOf` has each entry's text and `entries` are the
   * different ones. Undefined when all texts are empty.
   */
  ofEntries(
    texts: ByteTable,
    textOf: Uint32Array,
    entries: Uint32Array,
    ids: Uint32Array,
    rows: number,
  ): ColumnData | undefined {
    const { stamps, slots, slotOfEntry } = this;
    const stamp = this.nextStamp();
    const found = this.scratch.u32(entries.length + 1);
    stamps[0] = stamp;
    slots[0] = 0;
    found[0] = 0;
    let count = 1;
    slotOfEntry[0] = 0;
    for (const entry of entries) {
      const text = entry === 0 ? 0 : (textOf[entry] ?? 0);
      if (stamps[text] !== stamp) {
        stamps[text] = stamp;
        slots[text] = count;
        found[count++] = text;
      }
      slotOfEntry[entry] = slots[text] ?? 0;
    }
    if (count === 1) return undefined;
    return {
      kind: 'lowCardinality',
      dictionary: this.strings(texts, found.subarray(0, count)),
      index: this.gather(slotOfEntry, ids, rows, count),
    };
  }

  private strings(texts: ByteTable, ids: Uint32Array): ByteStrings {
    const count = ids.length;
    const starts = this.scratch.u32(count);
    const ends = this.scratch.u32(count);
    starts[0] = 0;
    ends[0] = 0;
    for (let i = 1; i < count; i++) {
      const id = ids[i] ?? 0;
      starts[i] = texts.starts[id] ?? 0;
      ends[i] = texts.ends[id] ?? 0;
    }
    return { bytes: texts.bytes, starts, ends, count };
  }

  // One loop for each width: the engine makes fast code only for loops that see one kind of array.
  private gather(map: Uint32Array, ids: Uint32Array, rows: number, count: number) {
    if (count <= 0x100) {
      const index = this.scratch.u8(rows);
      for (let row = 0; row < rows; row++) index[row] = map[ids[row] ?? 0] ?? 0;
      return index;
    }
    if (count <= 0x10000) {
      const index = this.scratch.u16(rows);
      for (let row = 0; row < rows; row++) index[row] = map[ids[row] ?? 0] ?? 0;
      return index;
    }
    const index = this.scratch.u32(rows);
    for (let row = 0; row < rows; row++) index[row] = map[ids[row] ?? 0] ?? 0;
    return index;
  }

  private nextStamp(): number {
    if (this.stamp === 0xffffffff) {
      this.stamps.fill(0);
      this.stamp = 0;
    }
    return ++this.stamp;
  }
}
