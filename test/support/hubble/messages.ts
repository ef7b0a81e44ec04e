// Random messages of any type, made from its table: what property tests feed codec and JSON with.
import fc from 'fast-check';
import * as schema from '../../../src/hubble/proto/schema.gen.ts';
import type { Field, MessageType, Scalar } from '../../../src/hubble/proto/schema.ts';
import { Any, FieldMask, Timestamp } from '../../../src/hubble/proto/wellknown.ts';

export const MESSAGE_TYPES: readonly MessageType[] = Object.values(schema).filter(
  (each) => each.kind === 'message',
);

/** A message as `decode` gives it: fields absent, or not their default, or of a oneof; lists never empty. */
export function messageOf(type: MessageType): fc.Arbitrary<object> {
  switch (type) {
    case Timestamp:
      return fc.record({
        seconds: fc.bigInt(-62_135_596_800n, 253_402_300_799n),
        nanos: fc.integer({ min: 0, max: 999_999_999 }),
      });
    case FieldMask:
      return fc.record({ paths: fc.array(fc.constantFrom('time', 'source.pod_name', 'IP')) });
    case Any:
      return fc.record({
        type_url: fc.constantFrom('type.example.com/not.Known', 'x/y'),
        value: fc.uint8Array(),
      });
    default: {
      const entries = type.fields.map((field) => [field.name, fieldOf(field)] as const);
      return fc.record(Object.fromEntries(entries), { requiredKeys: [] }).map((message) => {
        const taken = new Set<string>();
        const kept = type.fields.filter(({ name, excludes }) => {
          if (message[name] === undefined || taken.has(name)) return false;
          for (const other of excludes) taken.add(other);
          return true;
        });
        return Object.fromEntries(kept.map(({ name }) => [name, message[name]]));
      });
    }
  }
}

function fieldOf(field: Field): fc.Arbitrary<unknown> {
  const value = elementOf(field);
  if (field.repeated) return fc.array(value, { minLength: 1, maxLength: 4 });
  // A member of a oneof may be there with its default.
  if (field.excludes.length > 0) return value;
  return field.kind === 'scalar' || field.kind === 'enum' ? value.filter(isSet) : value;
}

function isSet(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length > 0;
  return value !== '' && value !== false && value !== 0n && !Object.is(value, 0);
}

function elementOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'message':
      return messageOf(field.type);
    case 'enum':
      return fc.oneof(fc.constantFrom(...field.type.names.keys()), fc.integer());
    default:
      return scalarOf(field.scalar);
  }
}

function scalarOf(scalar: Scalar): fc.Arbitrary<unknown> {
  switch (scalar) {
    case 'double':
      return fc.double({ noNaN: true });
    case 'float':
      return fc.float({ noNaN: true });
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case 'int64':
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case 'uint64':
      return fc.bigInt(0n, 2n ** 64n - 1n);
    case 'bool':
      return fc.boolean();
    case 'string':
      return fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: fc.constantFrom('<', '&', '\u2028', '\u0000', '"', 'é', '😀') }),
        fc.string({ minLength: 50, maxLength: 300 }),
      );
    case 'bytes':
      return fc.uint8Array();
    default:
      return scalar satisfies never;
  }
}
