// Descriptions of messages, which codec and JSON follow. They are generated (schema.gen.ts) or, for google's well-known
// types, written in wellknown.ts.
/** Scalars in use: Hubble has no fixed-width and no zigzag integers. */
export type Scalar =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'bytes';

/** An open enum: numbers without a name are kept as numbers everywhere. */
export interface EnumType<Name extends string = string> {
  readonly kind: 'enum';
  readonly fullName: string;
  readonly numbers: Readonly<Record<Name, number>>;
  readonly names: ReadonlyMap<number, Name>;
}

/** The description of one message; `T` is its interface. */
export interface MessageType<T extends object = object> {
  readonly kind: 'message';
  readonly fullName: string;
  /** In declaration order, which is the order of keys in JSON. */
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  /** By the name of the .proto and by its camelCase form. */
  readonly byName: ReadonlyMap<string, Field>;
  /** A message with no field set. */
  create(): T;
}

interface FieldBase {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly repeated: boolean;
  /** Names of the other members of this field's oneof; empty outside of one. */
  readonly excludes: readonly string[];
  /** The oneof's own name. */
  readonly oneof: string | undefined;
}

/** `wrapper` is a google.protobuf wrapper shown as its plain value, whose absence means something. */
export type Field =
  | (FieldBase & { readonly kind: 'scalar'; readonly scalar: Scalar })
  | (FieldBase & { readonly kind: 'wrapper'; readonly scalar: Scalar })
  | (FieldBase & { readonly kind: 'enum'; readonly type: EnumType })
  | (FieldBase & { readonly kind: 'message'; readonly type: MessageType });

interface FieldOptions {
  readonly repeated?: boolean;
  readonly excludes?: readonly string[];
  readonly oneof?: string;
}

export function field(
  name: string,
  number: number,
  type: Scalar | EnumType | MessageType,
  { repeated = false, excludes = [], oneof }: FieldOptions = {},
): Field {
  const base = { name, jsonName: camelCase(name), number, repeated, excludes, oneof };
  if (typeof type === 'string') return { ...base, kind: 'scalar', scalar: type };
  return type.kind === 'enum'
    ? { ...base, kind: 'enum', type }
    : { ...base, kind: 'message', type };
}

export function wrapper(name: string, number: number, scalar: Scalar): Field {
  const base = {
    name,
    jsonName: camelCase(name),
    number,
    repeated: false,
    excludes: [],
    oneof: undefined,
  };
  return { ...base, kind: 'wrapper', scalar };
}

export function message<T extends object>(
  fullName: string,
  fields: readonly Field[],
  create: () => T,
): MessageType<T> {
  return {
    kind: 'message',
    fullName,
    fields,
    byNumber: new Map(fields.map((each) => [each.number, each])),
    byName: new Map(
      fields.flatMap((each) => [
        [each.jsonName, each],
        [each.name, each],
      ]),
    ),
    create,
  };
}

export function enumeration<const Table extends Readonly<Record<string, number>>>(
  fullName: string,
  numbers: Table,
): EnumType<keyof Table & string> {
  // Object.entries forgets the keys' type.
  const entries = Object.entries(numbers) as [keyof Table & string, number][];
  return { kind: 'enum', fullName, numbers, names: new Map(entries.map(([k, v]) => [v, k])) };
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
