// Messages in protobuf's text format on one line, as Go prints them.
import { textOfBytes } from '../json/byte-text.ts';
import type { Field, MessageType } from '../proto/schema.ts';

/** `name:value` of each field that is set, submessages in braces. */
export function prototext<T extends object>(type: MessageType<T>, message: NoInfer<T>): string {
  const fields = message as Readonly<Record<string, unknown>>; // an object of its fields
  const parts: string[] = [];
  for (const field of type.fields) {
    const value = fields[field.name];
    // Typed by its table.
    for (const each of field.repeated ? ((value as unknown[] | undefined) ?? []) : [value]) {
      if (each === undefined || (!field.repeated && isDefault(field, each))) continue;
      parts.push(`${field.name}:${text(field, each)}`);
    }
  }
  return parts.join(' ');
}

function isDefault(field: Field, value: unknown): boolean {
  return field.kind !== 'message' && field.kind !== 'wrapper' && isZero(value);
}

function isZero(value: unknown): boolean {
  return value === 0 || value === 0n || value === '' || value === false;
}

function text(field: Field, value: unknown): string {
  switch (field.kind) {
    case 'message':
      return `{${prototext(field.type, value as object)}}`; // typed by its table
    case 'enum':
      return field.type.names.get(value as number) ?? String(value); // typed by its table
    case 'wrapper':
      return isZero(value) ? '{}' : `{value:${scalarText(value)}}`;
    case 'scalar':
      return scalarText(value);
    default:
      return field satisfies never;
  }
}

function scalarText(value: unknown): string {
  if (value instanceof Uint8Array) return protobufQuoted(textOfBytes(Buffer.from(value)));
  return typeof value === 'string' ? protobufQuoted(value) : String(value);
}

/** The quotes of protobuf's text form, which know fewer escapes. */
function protobufQuoted(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = char === '"' || char === '\\' ? `\\${char}` : ESCAPES[char];
    if (short !== undefined) result += short;
    else if (code < 0x20 || code === 0x7f) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= 0x80 && code <= 0x9f) result += `\\u00${code.toString(16)}`;
    else result += char;
  }
  return `${result}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
