// Rows of `flows` read back, as a table that denials are derived from: one code makes them of a batch and of what is
// stored.
import { FLOW_COLUMNS, type FlowColumnName } from '../../store/schema/columns.ts';
import type { FlowTable, Places } from '../derive/flow-table.ts';
import { numberColumns, resizeAll } from '../project/byte-table.ts';
import { ELEMENTS, Rows } from '../project/rows.ts';
import { Texts } from '../project/texts.ts';
import { CLICKHOUSE, parseUuid } from '../project/uuid.ts';

/** Columns that go into a column of the same name. */
const PLAIN = [
  'cluster',
  'time_slot',
  'time',
  'uuid',
  'node_name',
  'response_node_name',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'type',
  'event_type',
  'policy_match_type',
  'l4_protocol',
  'source_port',
  'destination_port',
  'icmp_type',
  'http_method',
  'http_url',
  'dns_query',
  'ip_source',
  'ip_destination',
  'source_names',
  'destination_names',
  'ingress_denied_by',
  'egress_denied_by',
] as const satisfies readonly FlowColumnName[];

/** Columns that are of something numbered: an end, where it is, a service. */
const ENDPOINT = ['identity', 'namespace', 'labels', 'pod_name'] as const;
const PLACE = ['cluster', 'workload'] as const;
const ENDS = ['source', 'destination'] as const;

/** The SELECT list that `fill` takes. */
export const STORED_FLOW_COLUMNS = [
  ...PLAIN.map((name) => (name === 'time' ? 'toUnixTimestamp64Nano(time)' : name)),
  ...ENDS.flatMap((end) => [...ENDPOINT, ...PLACE].map((member) => `${end}_${member}`)),
  'destination_service_name',
  'destination_service_namespace',
].join(', ');

/** Values of numbered things, by their number; 0 is none. */
class Numbered<Name extends string> {
  readonly values: Record<Name, Uint32Array>;
  private readonly names: readonly Name[];
  private readonly numbers = new Map<string, number>();
  private capacity = 256;

  constructor(names: readonly Name[]) {
    this.names = names;
    this.values = numberColumns(names, this.capacity);
  }

  of(values: readonly unknown[], numberOf: (value: unknown) => number): number {
    const key = JSON.stringify(values);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.numbers.size + 1;
    this.numbers.set(key, number);
    if (number >= this.capacity) {
      this.capacity *= 2;
      resizeAll(this.values, this.capacity);
    }
    for (const [i, name] of this.names.entries()) this.values[name][number] = numberOf(values[i]);
    return number;
  }
}

export class StoredFlows implements FlowTable {
  readonly texts = new Texts();
  private readonly rows = new Rows();
  /** Only totals have the last two, and those of stored flows are counted by the engine (./totals.ts). */
  readonly endpoints = new Numbered([...ENDPOINT, 'cluster_name', 'workloads'] as const);
  readonly places: Places & Numbered<(typeof PLACE)[number]> = new Numbered(PLACE);
  readonly services = new Numbered(['name', 'namespace'] as const);

  get columns() {
    return this.rows.columns;
  }

  get groups() {
    return this.rows.groups;
  }

  /** Takes rows of STORED_FLOW_COLUMNS in place of those before. */
  fill(rows: readonly (readonly unknown[])[]): void {
    this.rows.reserve(rows.length);
    for (const [row, values] of rows.entries()) this.put(values, row);
  }

  private put(values: readonly unknown[], row: number): void {
    for (const [i, name] of PLAIN.entries()) this.putPlain(name, row, values[i]);
    const { groups, texts } = this;
    const textOf = (value: unknown) => texts.addText(String(value));
    let at: number = PLAIN.length;
    const next = (count: number) => {
      at += count;
      return values.slice(at - count, at);
    };
    for (const end of ENDS) {
      groups[end][row] = this.endpoints.of(next(ENDPOINT.length), (value) =>
        typeof value === 'number' ? value : textOf(value),
      );
      groups[`${end}_at`][row] = this.places.of(next(PLACE.length), textOf);
    }
    groups.destination_service[row] = this.services.of(next(2), textOf);
  }

  private putPlain(name: (typeof PLAIN)[number], row: number, value: unknown): void {
    const { columns, texts } = this;
    switch (ENCODINGS.get(name)) {
      case 'uuid': {
        const text = Buffer.from(String(value));
        const view = new DataView(text.buffer, text.byteOffset, text.length);
        parseUuid(view, 0, text.length, columns.uuid, row * ELEMENTS.uuid, CLICKHOUSE);
        break;
      }
      case 'i64':
        new BigInt64Array(columns.time.buffer)[row] = BigInt(String(value));
        break;
      case 'lc':
      case 'lines':
      case 'json':
        columns[name][row] = texts.addText(String(value));
        break;
      default:
        columns[name][row] = Number(value);
    }
  }
}

const ENCODINGS: ReadonlyMap<FlowColumnName, string> = new Map(
  FLOW_COLUMNS.map(({ name, encoding }) => [name, encoding]),
);
