// The filled rows to a Native block of the table `flows`: leaves out the columns no row has a value for, and gives the
// typed arrays back all zero.

import { type ColumnData, encodeBlock, type NativeColumn } from '../../store/native/native.ts';
import type { Column } from '../../store/schema/column.ts';
import { FLOW_COLUMNS, type FlowColumnName, MESSAGE_GROUPS } from '../../store/schema/columns.ts';
import type { NativeBlock } from '../../store/store.ts';
import { Dictionaries } from './dictionary.ts';
import type { Locations } from './locations.ts';
import type { RowWriter } from './row-writer.ts';
import { type Columns, ELEMENTS, GROUPS, type GroupName } from './rows.ts';
import { Scratch } from './scratch.ts';

/** In every block, whatever their values: they say which flow a row is. */
const ALWAYS: ReadonlySet<FlowColumnName> = new Set([
  'cluster',
  'received_at',
  'time_slot',
  'time',
  'uuid',
]);

/** A column that rows have as part of a group: where the values are, by the group's number. */
interface Member {
  readonly group: GroupName;
  readonly kind: 'text' | 'u32' | 'u16' | 'u8';
  readonly values: () => Uint32Array;
}

export class BlockMaker {
  private readonly writer: RowWriter;
  private readonly locations: Locations;
  private readonly members: ReadonlyMap<FlowColumnName, Member>;
  private readonly scratch = new Scratch();
  private readonly dictionaries = new Dictionaries(this.scratch);

  constructor(writer: RowWriter, locations: Locations) {
    this.writer = writer;
    this.locations = locations;
    this.members = new Map(
      FLOW_COLUMNS.flatMap((column) => {
        const member = memberOf(column, writer, locations);
        return member ? [[column.name, member] as const] : [];
      }),
    );
  }

  /** Makes the block of the first `rows` rows, and clears them. */
  make(rows: number): NativeBlock {
    const { writer, dictionaries } = this;
    const tables = Object.values(writer.tables).map(({ table }) => table.size);
    this.scratch.reset();
    dictionaries.reserve(Math.max(writer.texts.table.size, this.locations.size, ...tables));
    const entries = this.entriesOfGroups(rows);
    const present: NativeColumn[] = [];
    for (const { name, type } of FLOW_COLUMNS) {
      const member = this.members.get(name);
      const data = member ? this.memberData(member, entries, rows) : this.ownData(name, rows);
      if (data) present.push({ name, type, data });
    }
    const block = encodeBlock('flows', rows, present);
    this.clear(rows, present);
    return block;
  }

  /** Zeroes the rows; columns that are not in the block are zero already. */
  private clear(rows: number, present: readonly NativeColumn[]): void {
    const { columns, groups } = this.writer;
    const names = new Set(present.map(({ name }) => name));
    for (const { name, encoding } of FLOW_COLUMNS) {
      if (names.has(name)) columns[name].fill(0, 0, rows * ELEMENTS[encoding]);
    }
    for (const group of GROUPS) groups[group].fill(0, 0, rows);
  }

  private entriesOfGroups(rows: number): Readonly<Record<GroupName, Uint32Array>> {
    const { groups } = this.writer;
    const entries = GROUPS.map((name) => [name, this.dictionaries.distinct(groups[name], rows)]);
    // GROUPS are the keys.
    return Object.fromEntries(entries) as Record<GroupName, Uint32Array>;
  }

  private memberData(
    { group, kind, values }: Member,
    entriesOf: Readonly<Record<GroupName, Uint32Array>>,
    rows: number,
  ): ColumnData | undefined {
    const entries = entriesOf[group];
    if (entries.length === 1) return undefined;
    const ids = this.writer.groups[group];
    const valuesBy = values();
    if (kind === 'text') {
      const { table } = this.writer.texts;
      return this.dictionaries.ofEntries(table, valuesBy, entries, ids, rows);
    }
    // Entry 0, the absent one, has no values.
    if (entries.every((entry) => entry === 0 || valuesBy[entry] === 0)) return undefined;
    const column = this.scratch[kind](rows);
    for (let row = 0; row < rows; row++) {
      const entry = ids[row] ?? 0;
      column[row] = entry === 0 ? 0 : (valuesBy[entry] ?? 0);
    }
    return { kind: 'fixed', values: column };
  }

  private ownData(name: (typeof FLOW_COLUMNS)[number]['name'], rows: number) {
    const { columns } = this.writer;
    const encoding = ENCODINGS[name];
    const used = columns[name].subarray(0, rows * ELEMENTS[encoding]);
    if (!ALWAYS.has(name) && isZero(used)) return undefined;
    return this.dataOf(name, used, rows);
  }

  private dataOf(name: FlowColumnName, used: Columns[FlowColumnName], rows: number): ColumnData {
    const { writer } = this;
    switch (ENCODINGS[name]) {
      case 'lc':
      case 'lines':
      case 'json':
        // Text columns hold numbers of texts.
        return this.dictionaries.ofTexts(writer.texts.table, used as Uint32Array, rows);
      case 'string':
        // Those of strings hold spans.
        return this.spans(used as Uint32Array, rows);
      default:
        return { kind: 'fixed', values: used };
    }
  }

  private spans(pairs: Uint32Array, rows: number): ColumnData {
    const starts = this.scratch.u32(rows);
    const ends = this.scratch.u32(rows);
    for (let row = 0; row < rows; row++) {
      starts[row] = pairs[2 * row] ?? 0;
      ends[row] = pairs[2 * row + 1] ?? 0;
    }
    return {
      kind: 'strings',
      strings: { bytes: this.writer.reader.bytes, starts, ends, count: rows },
    };
  }
}

// fromEntries forgets which key has which value.
const ENCODINGS = Object.fromEntries(
  FLOW_COLUMNS.map(({ name, encoding }) => [name, encoding]),
) as Readonly<Record<FlowColumnName, (typeof FLOW_COLUMNS)[number]['encoding']>>;

const ZEROS = Buffer.alloc(1 << 16);

function isZero(array: ArrayBufferView): boolean {
  const { buffer, byteOffset, byteLength } = array;
  for (let at = 0; at < byteLength; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, byteLength - at);
    // memcmp: a hundred times the speed of a loop, and most columns of most blocks are empty.
    if (ZEROS.compare(new Uint8Array(buffer, byteOffset + at, length), 0, length, 0, length) !== 0)
      return false;
  }
  return true;
}

const NONE = new Uint32Array(0);

/** A column of a message, by the catalogue's path, or of an end's location, by its name. */
function memberOf(
  { name, encoding, path }: Column,
  { tables }: RowWriter,
  locations: Locations,
): Member | undefined {
  const kind = encoding === 'u32' || encoding === 'u16' || encoding === 'u8' ? encoding : 'text';
  if (path !== undefined) {
    const group = MESSAGE_GROUPS.find((each) => path.startsWith(`flow.${each}.`));
    if (group === undefined) return undefined;
    const field = path.slice(`flow.${group}.`.length);
    return { group, kind, values: () => tables[group].values[field] ?? NONE };
  }
  const [, end, member] = /^(source|destination)_(.*)$/.exec(name) ?? [];
  if (end === undefined || member === undefined) return undefined;
  const values: Record<string, Uint32Array> = locations.values;
  return {
    group: end === 'source' ? 'source_at' : 'destination_at',
    kind,
    values: () => values[member] ?? NONE,
  };
}
