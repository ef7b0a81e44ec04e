// protobufjs reading our .proto files: an independent opinion on bytes and tables.
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import type { Field, MessageType } from '../../../src/hubble/proto/schema.ts';

export const PROTO_FILES = [
  'flow/flow.proto',
  'relay/relay.proto',
  'observer/observer.proto',
  'peer/peer.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
];

export function loadProtos(): protobuf.Root {
  const root = new protobuf.Root();
  const home = fileURLToPath(new URL('../../../proto/', import.meta.url));
  root.resolvePath = (_, target) => (protobuf.common.get(target) ? target : home + target);
  root.loadSync(PROTO_FILES, { keepCase: true });
  root.resolveAll();
  return root;
}

type Fields = Record<string, unknown>;

/** Our message as the plain object that protobufjs' fromObject takes and toObject gives. */
export function plain(type: MessageType, message: object): Fields {
  const out: Fields = {};
  for (const field of type.fields) {
    const value = (message as Fields)[field.name];
    if (value === undefined) continue;
    if (!Array.isArray(value)) out[field.name] = plainValue(field, value);
    // toObject leaves an empty list out, as the wire does.
    else if (value.length > 0) out[field.name] = value.map((each) => plainValue(field, each));
  }
  return out;
}

function plainValue(field: Field, value: unknown): unknown {
  if (field.kind === 'message') return withoutZeros(plain(field.type, value as object), field.type);
  const scalar = typeof value === 'bigint' ? String(value) : value;
  if (scalar instanceof Uint8Array) return Buffer.from(scalar).toString('base64');
  if (field.kind !== 'wrapper') return scalar;
  return scalar === 0 || scalar === false || scalar === '' || scalar === '0'
    ? {}
    : { value: scalar };
}

/** Well-known messages show all of their fields; on the wire zeros are absent. */
function withoutZeros(message: Fields, type: MessageType): Fields {
  if (!type.fullName.startsWith('google.')) return message;
  return Object.fromEntries(
    Object.entries(message).filter(([, value]) => value !== '0' && value !== 0 && value !== ''),
  );
}

export const TO_OBJECT: protobuf.IConversionOptions = { longs: String, bytes: String };
