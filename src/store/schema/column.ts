// A column of a table's catalogue: name, encoding, type in ClickHouse, meaning, and the path of the field it keeps.
/**
 * How a column is encoded in a Native block: `lc` is LowCardinality(String); `string` plain String; the rest are
 * fixed-width numbers. `lines` and `json` are `lc` whose text is a newline-joined list or the proto3 JSON of a
 * submessage; a list that newline-joining cannot hold (an element empty or with a newline) keeps the row's `raw`.
 */
export type Encoding =
  | 'lc'
  | 'lines'
  | 'json'
  | 'string'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i32'
  | 'i64'
  | 'uuid';

export interface Column {
  readonly name: string;
  readonly encoding: Encoding;
  /** ClickHouse type in the table. */
  readonly type: string;
  /** What it means, for the reference page. */
  readonly doc: string;
  /** Path in GetFlowsResponse (`flow.source.identity`), or undefined for what Parallax adds. */
  readonly path?: string;
}

/** Types of the times that `i64` columns hold. */
export const NANOS = "DateTime64(9, 'UTC')";
export const MILLIS = "DateTime64(3, 'UTC')";

const TYPES = {
  lc: 'LowCardinality(String)',
  lines: 'LowCardinality(String)',
  json: 'LowCardinality(String)',
  string: 'String',
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  u64: 'UInt64',
  i32: 'Int32',
  i64: 'Int64',
  uuid: 'UUID',
} as const satisfies Record<Encoding, string>;

export function column<const Name extends string>(
  name: Name,
  encoding: Encoding,
  doc: string,
  type: string = TYPES[encoding],
): Column & { readonly name: Name } {
  return { name, encoding, type, doc };
}
