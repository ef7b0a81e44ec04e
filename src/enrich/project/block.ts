// The filled rows to a Native block of the table `flows`: leaves out the columns no row has a value for, and gives the
// typed arrays back all zero.

import { type ColumnData, encodeBlock, type NativeColumn } from '../../store/native/native.ts';
import { FLOW_COLUMNS, type FlowColumnName } from '../../store/schema/columns.ts';
import type { NativeBlock } from '../../store/store.ts';
import { Dictionaries } from './dictionary.ts';
import type { Locations } from './locations.ts';
import { type Columns, ELEMENTS, GROUPS, type GroupName } from './rows.ts';
import { Scratch } from './scratch.ts';
import type { Sink } from './sink.ts';

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
  readonly values: (sink: Sink, locations: Locations) => Uint32Array;
}

const MEMBERS: Readonly<Partial<Record<FlowColumnName, Member>>> = {
  emitter_name: first('emitter'),
  emitter_version: second('emitter'),
  ethernet_source: first('ethernet'),
  ethernet_destination: second('ethernet'),
  source_service_name: first('source_service'),
  source_service_namespace: second('source_service'),
  destination_service_name: first('destination_service'),
  destination_service_namespace: second('destination_service'),
  ...endMembers('source'),
  ...endMembers('destination'),
};

export class BlockMaker {
  private readonly sink: Sink;
  private readonly locations: Locations;
  private readonly scratch = new Scratch();
  private readonly dictionaries = new Dictionaries(this.scratch);

  constructor(sink: Sink, locations: Locations) {
    this.sink = sink;
    this.locations = locations;
  }

  /** Makes the block of the first `rows` rows, and clears them. */
  make(rows: number): NativeBlock {
    const { sink, dictionaries } = this;
    this.scratch.reset();
    dictionaries.reserve(
      Math.max(
        sink.texts.table.size,
        sink.endpoints.table.size,
        sink.pairs.table.size,
        this.locations.size,
      ),
    );
    const entries = this.entriesOfGroups(rows);
    const present: NativeColumn[] = [];
    for (const { name, type } of FLOW_COLUMNS) {
      const member = MEMBERS[name];
      const data = member ? this.memberData(member, entries, rows) : this.ownData(name, rows);
      if (data) present.push({ name, type, data });
    }
    const block = encodeBlock('flows', rows, present);
    this.clear(rows, present);
    return block;
  }

  /** Zeroes the rows; columns that are not in the block are zero already. */
  private clear(rows: number, present: readonly NativeColumn[]): void {
    const { columns, groups } = this.sink;
    const names = new Set(present.map(({ name }) => name));
    for (const { name, encoding } of FLOW_COLUMNS) {
      if (names.has(name)) columns[name].fill(0, 0, rows * ELEMENTS[encoding]);
    }
    for (const group of GROUPS) groups[group].fill(0, 0, rows);
  }

  private entriesOfGroups(rows: number): Readonly<Record<GroupName, Uint32Array>> {
    const { groups } = this.sink;
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
    const ids = this.sink.groups[group];
    const valuesBy = values(this.sink, this.locations);
    if (kind === 'text') {
      const { table } = this.sink.texts;
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
    const { columns } = this.sink;
    const encoding = ENCODINGS[name];
    const used = columns[name].subarray(0, rows * ELEMENTS[encoding]);
    if (!ALWAYS.has(name) && isZero(used)) return undefined;
    return this.dataOf(name, used, rows);
  }

  private dataOf(name: FlowColumnName, used: Columns[FlowColumnName], rows: number): ColumnData {
    const { sink } = this;
    switch (ENCODINGS[name]) {
      case 'lc':
      case 'lines':
      case 'json':
        // Text columns hold numbers of texts.
        return this.dictionaries.ofTexts(sink.texts.table, used as Uint32Array, rows);
      case 'string':
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
      strings: { bytes: this.sink.reader.bytes, starts, ends, count: rows },
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

function first(group: GroupName): Member {
  return { group, kind: 'text', values: ({ pairs }) => pairs.first };
}

function second(group: GroupName): Member {
  return { group, kind: 'text', values: ({ pairs }) => pairs.second };
}

function endMembers<const End extends 'source' | 'destination'>(end: End) {
  const member = (kind: Member['kind'], values: (sink: Sink) => Uint32Array): Member => ({
    group: end,
    kind,
    values,
  });
  const location = (kind: Member['kind'], values: (locations: Locations) => Uint32Array) => ({
    group: `${end}_at` as const,
    kind,
    values: (_: Sink, locations: Locations) => values(locations),
  });
  return {
    [`${end}_id`]: member('u32', ({ endpoints }) => endpoints.ids),
    [`${end}_identity`]: member('u32', ({ endpoints }) => endpoints.identities),
    [`${end}_cluster_name`]: member('text', ({ endpoints }) => endpoints.clusterNames),
    [`${end}_namespace`]: member('text', ({ endpoints }) => endpoints.namespaces),
    [`${end}_labels`]: member('text', ({ endpoints }) => endpoints.labels),
    [`${end}_pod_name`]: member('text', ({ endpoints }) => endpoints.podNames),
    [`${end}_workloads`]: member('text', ({ endpoints }) => endpoints.workloads),
    [`${end}_cluster`]: location('text', ({ names }) => names),
    [`${end}_cluster_id`]: location('u16', ({ ids }) => ids),
    [`${end}_cluster_origin`]: location('u8', ({ origins }) => origins),
    [`${end}_workload`]: location('text', ({ workloads }) => workloads),
    [`${end}_workload_origin`]: location('u8', ({ workloadOrigins }) => workloadOrigins),
    [`${end}_node`]: location('text', ({ nodes }) => nodes),
    [`${end}_zone`]: location('text', ({ zones }) => zones),
    [`${end}_resolution`]: location('u8', ({ resolutions }) => resolutions),
  };
}
