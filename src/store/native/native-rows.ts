// Native blocks from plain row objects, for tables whose rows are few (events, coverage). Flows never come this way:
// an object per row costs more than all the rest of storing it.
import { ParallaxError } from '../../runtime/errors.ts';
import type { Column, Encoding } from '../schema/column.ts';
import type { NativeBlock } from '../store.ts';
import { type ByteStrings, type ColumnData, encodeBlock, putUuid } from './native.ts';

/** A cell: text or bytes for strings, numbers for the rest (bigint where 64 bits are), 16 bytes for a UUID. */
export type Cell = string | Uint8Array | number | bigint;

/** A row by column name; what is left out takes the default. */
export type Row = Readonly<Record<string, Cell | undefined>>;

/** Encodes rows; columns no row has a value for are left out, as long as one is left. */
export function encodeRows(
  table: string,
  columns: readonly Column[],
  rows: readonly Row[],
): NativeBlock {
  const used = columns.filter(({ name }) => rows.some((row) => !isDefault(row[name])));
  const present = used.length > 0 ? used : columns.slice(0, 1);
  return encodeBlock(
    table,
    rows.length,
    present.map(({ name, type, encoding }) => ({
      name,
      type,
      data: columnData(
        name,
        encoding,
        rows.map((row) => row[name]),
      ),
    })),
  );
}

/** Byte strings of values laid side by side in one buffer. */
export function byteStrings(values: readonly (string | Uint8Array)[]): ByteStrings {
  const parts = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const starts = new Uint32Array(parts.length);
  const ends = new Uint32Array(parts.length);
  let end = 0;
  for (const [i, part] of parts.entries()) {
    starts[i] = end;
    end += part.length;
    ends[i] = end;
  }
  return { bytes: Buffer.concat(parts), starts, ends, count: parts.length };
}

/** A LowCardinality(String) column of the values. */
export function lowCardinality(values: readonly string[]): ColumnData {
  const slots = new Map<string, number>([['', 0]]);
  const wide = new Uint32Array(values.length);
  for (const [row, value] of values.entries()) {
    let slot = slots.get(value);
    if (slot === undefined) {
      slot = slots.size;
      slots.set(value, slot);
    }
    wide[row] = slot;
  }
  const index =
    slots.size <= 0x100
      ? Uint8Array.from(wide)
      : slots.size <= 0x10000
        ? Uint16Array.from(wide)
        : wide;
  return { kind: 'lowCardinality', dictionary: byteStrings([...slots.keys()]), index };
}

function isDefault(cell: Cell | undefined): boolean {
  if (cell === undefined) return true;
  if (typeof cell === 'object') return cell.length === 0;
  return cell === '' || cell === 0 || cell === 0n;
}

function columnData(
  name: string,
  encoding: Encoding,
  cells: readonly (Cell | undefined)[],
): ColumnData {
  const wrong = (cell: Cell): never => {
    throw new ParallaxError('store/rejected', `column ${name} (${encoding}) cannot hold ${cell}`);
  };
  const text = (cell: Cell = '') => (typeof cell === 'string' ? cell : wrong(cell));
  const number = (cell: Cell = 0) =>
    typeof cell === 'number' && Number.isSafeInteger(cell) ? cell : wrong(cell);
  const big = (cell: Cell = 0n) => (typeof cell === 'bigint' ? cell : BigInt(number(cell)));
  switch (encoding) {
    case 'lc':
    case 'lines':
    case 'json':
      return lowCardinality(cells.map(text));
    case 'string': {
      const values = cells.map((cell = '') =>
        typeof cell === 'string' || cell instanceof Uint8Array ? cell : wrong(cell),
      );
      return { kind: 'strings', strings: byteStrings(values) };
    }
    case 'u8':
      return { kind: 'fixed', values: Uint8Array.from(cells, number) };
    case 'u16':
      return { kind: 'fixed', values: Uint16Array.from(cells, number) };
    case 'u32':
      return { kind: 'fixed', values: Uint32Array.from(cells, number) };
    case 'i32':
      return { kind: 'fixed', values: Int32Array.from(cells, number) };
    case 'u64':
      return { kind: 'fixed', values: BigUint64Array.from(cells, big) };
    case 'i64':
      return { kind: 'fixed', values: BigInt64Array.from(cells, big) };
    case 'uuid': {
      const values = new Uint8Array(16 * cells.length);
      for (const [row, cell] of cells.entries()) {
        if (cell instanceof Uint8Array) putUuid(values, row * 16, cell);
        else if (cell !== undefined) wrong(cell);
      }
      return { kind: 'fixed', values };
    }
    default:
      return encoding satisfies never;
  }
}
