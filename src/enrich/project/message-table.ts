// The distinct messages of one type that flows have in common (MESSAGE_GROUPS), with a value for each of their fields
// that has a column.
import type { MessageType } from '../../hubble/proto/schema.ts';
import type { WireReader } from '../../hubble/proto/wire.ts';
import { FLOW_COLUMNS, type GroupField, type MessageGroup } from '../../store/schema/columns.ts';
import { numberColumns, resizeAll } from './byte-table.ts';
import { DecodeOnce } from './decode-once.ts';
import { joinLines } from './memo.ts';
import type { Texts } from './texts.ts';

export class MessageTable<Field extends string> extends DecodeOnce {
  /** Values of each field by the message's number; texts by their number in Texts. */
  readonly values: Record<Field, Uint32Array>;
  private readonly texts: Texts;
  private readonly fields: ReadonlyMap<number, TableField<Field>>;

  constructor(texts: Texts, fields: readonly TableField<Field>[], capacity: number) {
    super(capacity);
    this.texts = texts;
    this.fields = new Map(fields.map((field) => [field.tag, field]));
    this.values = numberColumns(
      fields.map(({ name }) => name),
      capacity,
    );
  }

  /** The number of the message whose length is next, 0 for an empty one; the reader goes past it. */
  read(reader: WireReader): number {
    const end = reader.end();
    const id = this.find(reader, reader.pos, end);
    reader.pos = end;
    return id;
  }

  protected override decode(id: number, reader: WireReader): void {
    const { fields, values, texts } = this;
    const lists = new Map<Field, string[]>();
    for (const { name } of fields.values()) values[name][id] = 0;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      const field = fields.get(tag);
      if (field === undefined) {
        reader.unknown(tag);
        continue;
      }
      const value = field.read(reader);
      if (typeof value === 'number') values[field.name][id] = value;
      else if (!field.repeated) values[field.name][id] = texts.addText(value);
      else lists.set(field.name, [...(lists.get(field.name) ?? []), value]);
    }
    for (const [name, list] of lists) values[name][id] = texts.addText(joinLines(list, reader));
  }

  protected override grow(capacity: number): void {
    resizeAll(this.values, capacity);
  }
}

interface TableField<Name extends string> {
  readonly name: Name;
  readonly tag: number;
  readonly repeated: boolean;
  readonly read: (reader: WireReader) => number | string;
}

/** The table of a group's messages, with the fields that have columns in the catalogue. */
export function messageTable<const Group extends MessageGroup>(
  group: Group,
  type: MessageType,
  texts: Texts,
  capacity: number,
): MessageTable<GroupField<Group>> {
  const prefix = `flow.${group}.`;
  const fields = FLOW_COLUMNS.flatMap((column) => {
    if (!('path' in column && column.path.startsWith(prefix))) return [];
    const field = type.byName.get(column.path.slice(prefix.length));
    if (field === undefined) throw new Error(`${type.fullName} has no field for ${column.name}`);
    const number = column.encoding === 'u32';
    const list = field.kind === 'message' ? readWorkload : readString;
    return {
      // The rest of a path that begins with the group's is a field of it.
      name: field.name as GroupField<Group>,
      tag: field.number * 8 + (number ? 0 : 2),
      repeated: field.repeated,
      read: number ? readNumber : list,
    };
  });
  return new MessageTable(texts, fields, capacity);
}

function readNumber(reader: WireReader): number {
  return reader.u32();
}

function readString(reader: WireReader): string {
  return reader.string();
}

/** `Kind/name`; lossy when that cannot be split again or is empty. */
function readWorkload(reader: WireReader): string {
  let name = '';
  let kind = '';
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 10) name = reader.string();
    else if (tag === 18) kind = reader.string();
    else reader.unknown(tag);
  }
  reader.leave(outer);
  if (name.includes('/') || kind.includes('/') || (name === '' && kind === '')) reader.lossy = 1;
  return `${kind}/${name}`;
}
