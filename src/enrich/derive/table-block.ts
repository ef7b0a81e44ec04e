// A Native block of one of the derived tables, column by column: texts by their numbers, and columns that have nothing
// but zeroes left out.

import { encodeBlock, type NativeColumn } from '../../store/native/native.ts';
import type { Column } from '../../store/schema/column.ts';
import type { NativeBlock } from '../../store/store.ts';
import { Dictionaries } from '../project/dictionary.ts';
import { Scratch } from '../project/scratch.ts';
import type { Texts } from '../project/texts.ts';

/** Memory for blocks, one at a time. */
export class BlockMemory {
  readonly scratch = new Scratch();
  readonly dictionaries = new Dictionaries(this.scratch);
}

export class TableBlock {
  readonly rows: number;
  private readonly table: string;
  private readonly types: ReadonlyMap<string, string>;
  private readonly texts: Texts;
  private readonly memory: BlockMemory;
  private readonly columns: NativeColumn[] = [];

  /** Takes the memory of the block before. */
  constructor(
    table: string,
    columns: readonly Column[],
    rows: number,
    texts: Texts,
    memory: BlockMemory,
  ) {
    this.table = table;
    this.types = new Map(columns.map(({ name, type }) => [name, type]));
    this.rows = rows;
    this.texts = texts;
    this.memory = memory;
    memory.scratch.reset();
  }

  /** Each row's text by its number. */
  text(name: string, numberOf: (row: number) => number): void {
    const { scratch, dictionaries } = this.memory;
    const ids = scratch.u32(this.rows);
    let any = 0;
    for (let row = 0; row < this.rows; row++) {
      const id = numberOf(row);
      ids[row] = id;
      any |= id;
    }
    if (any === 0) return;
    // Texts may have been added on the way.
    dictionaries.reserve(this.texts.table.size);
    this.add(name, dictionaries.ofTexts(this.texts.table, ids, this.rows));
  }

  u8(name: string, valueAt: (row: number) => number): void {
    this.fill(name, this.memory.scratch.u8(this.rows), valueAt);
  }

  u16(name: string, valueAt: (row: number) => number): void {
    this.fill(name, this.memory.scratch.u16(this.rows), valueAt);
  }

  u32(name: string, valueAt: (row: number) => number): void {
    this.fill(name, this.memory.scratch.u32(this.rows), valueAt);
  }

  /** In the block whatever the values. */
  i32(name: string, valueAt: (row: number) => number): void {
    const values = new Int32Array(this.rows);
    for (let row = 0; row < this.rows; row++) values[row] = valueAt(row);
    this.fixed(name, values);
  }

  /** Of numbers below 2^32. */
  u64(name: string, valueAt: (row: number) => number): void {
    const halves = this.memory.scratch.u32(2 * this.rows);
    for (let row = 0; row < this.rows; row++) {
      halves[2 * row] = valueAt(row);
      halves[2 * row + 1] = 0;
    }
    this.fixed(name, halves);
  }

  /** In the block whatever the values. */
  big(name: string, valueAt: (row: number) => bigint): void {
    const values = new BigUint64Array(this.rows);
    for (let row = 0; row < this.rows; row++) values[row] = valueAt(row);
    this.fixed(name, values);
  }

  /** Nanoseconds since 1970. */
  time(name: string, valueAt: (row: number) => bigint): void {
    const values = new BigInt64Array(this.rows);
    for (let row = 0; row < this.rows; row++) values[row] = valueAt(row);
    this.fixed(name, values);
  }

  /** In the block whatever the values. */
  fixed(name: string, values: ArrayBufferView): void {
    this.add(name, { kind: 'fixed', values });
  }

  encode(): NativeBlock {
    return encodeBlock(this.table, this.rows, this.columns);
  }

  private fill(
    name: string,
    values: Uint8Array | Uint16Array | Uint32Array,
    valueAt: (row: number) => number,
  ): void {
    let any = 0;
    for (let row = 0; row < values.length; row++) {
      const value = valueAt(row);
      values[row] = value;
      any |= value;
    }
    if (any !== 0) this.fixed(name, values);
  }

  private add(name: string, data: NativeColumn['data']): void {
    const type = this.types.get(name);
    if (type === undefined) throw new Error(`${this.table} has no column ${name}`);
    this.columns.push({ name, type, data });
  }
}
