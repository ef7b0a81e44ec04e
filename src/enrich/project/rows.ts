// The rows of a block while it is made: one typed array a column of the catalogue, all zero at first, reused from block
// to block. Numbers stand as they will be stored; texts as their number in Texts; 64-bit numbers as two halves; plain
// strings as the span of the batch they are in.
import type { Encoding } from '../../store/schema/column.ts';
import { FLOW_COLUMNS, type FlowColumnName, MESSAGE_GROUPS } from '../../store/schema/columns.ts';
import { numberColumns } from './byte-table.ts';

type Values = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** Columns that many flows have together, of a message or of an end's location; rows have the number of the whole. */
export const GROUPS = [...MESSAGE_GROUPS, 'source_at', 'destination_at'] as const;

export type GroupName = (typeof GROUPS)[number];

export type Columns = Record<FlowColumnName, Values> & {
  readonly time: Uint32Array;
  readonly response_time: Uint32Array;
  readonly uuid: Uint8Array;
};
export type Groups = { [G in GroupName]: Uint32Array };

const MAKE: Readonly<Record<Encoding, (rows: number) => Values>> = {
  lc: (rows) => new Uint32Array(rows),
  lines: (rows) => new Uint32Array(rows),
  json: (rows) => new Uint32Array(rows),
  string: (rows) => new Uint32Array(rows * 2),
  u8: (rows) => new Uint8Array(rows),
  u16: (rows) => new Uint16Array(rows),
  u32: (rows) => new Uint32Array(rows),
  u64: (rows) => new Uint32Array(rows * 2),
  i32: (rows) => new Int32Array(rows),
  i64: (rows) => new Uint32Array(rows * 2),
  uuid: (rows) => new Uint8Array(rows * 16),
};

/** Elements of a column's array that one row takes. */
export const ELEMENTS: Readonly<Record<Encoding, number>> = {
  lc: 1,
  lines: 1,
  json: 1,
  string: 2,
  u8: 1,
  u16: 1,
  u32: 1,
  u64: 2,
  i32: 1,
  i64: 2,
  uuid: 16,
};

/** Rows of a large batch, with room to spare. */
const KEPT_ROWS = 1 << 17;

export class Rows {
  columns: Columns;
  groups: Groups;
  capacity = 0;

  constructor() {
    this.columns = makeColumns(0);
    this.groups = makeGroups(0);
  }

  /**
   * Makes room for the next block, whose rows are all zero. What one enormous batch took (some 500 bytes a row) is
   * given back with the next one of usual size.
   */
  reserve(rows: number): void {
    const excessive = this.capacity > KEPT_ROWS && rows <= KEPT_ROWS;
    if (rows <= this.capacity && !excessive) return;
    this.capacity = Math.max(256, 2 ** Math.ceil(Math.log2(rows)));
    this.columns = makeColumns(this.capacity);
    this.groups = makeGroups(this.capacity);
  }

  /** Sets every column of one row back to its default. */
  clearRow(row: number): void {
    for (const { name, encoding } of FLOW_COLUMNS) {
      const elements = ELEMENTS[encoding];
      this.columns[name].fill(0, row * elements, (row + 1) * elements);
    }
    for (const group of GROUPS) this.groups[group][row] = 0;
  }
}

function makeColumns(rows: number): Columns {
  const entries = FLOW_COLUMNS.map(({ name, encoding }) => [name, MAKE[encoding](rows)]);
  // Names and encodings are the catalogue's; fromEntries forgets which key has which value. Of its results, too, V8
  // knows the shape (of an object filled by assignments it would not), so that `columns.verdict` is one load.
  return Object.fromEntries(entries) as Columns;
}

function makeGroups(rows: number): Groups {
  return numberColumns(GROUPS, rows);
}
