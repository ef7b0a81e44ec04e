// Field masks applied to encoded responses, without decoding them.
import { Flow } from './schema.gen.ts';
import type { Field, MessageType } from './schema.ts';
import { WIRE_BYTES, WireReader } from './wire.ts';
import { WireWriter } from './wire-writer.ts';

/** Numbers of the fields to keep: whole, or of a message the fields below. */
export type FieldMask = ReadonlyMap<number, FieldMask | 'whole'>;
type Growing = Map<number, Growing | 'whole'>;

const FLOW_FIELD = 1;

/**
 * The mask of paths such as `source.pod_name` over flows; undefined when there are none, which means everything.
 * Paths that are not known (a newer client's) are left out.
 */
export function flowMask(paths: readonly string[]): FieldMask | undefined {
  if (paths.length === 0) return undefined;
  const mask: Growing = new Map();
  for (const path of paths) add(mask, Flow, path.split('.'));
  return mask;
}

function add(mask: Growing, type: MessageType, [name = '', ...below]: readonly string[]): void {
  const field = type.byName.get(name);
  if (field === undefined || field.name !== name) return;
  if (below.length === 0 || isValue(field, below)) {
    mask.set(field.number, 'whole');
    return;
  }
  // Into lists and plain values no path leads.
  if (field.kind !== 'message' || field.repeated || !isKnown(field.type, below)) return;
  const known = mask.get(field.number);
  if (known === 'whole') return;
  const inner: Growing = known ?? new Map();
  mask.set(field.number, inner);
  add(inner, field.type, below);
}

/** `is_reply.value`: of a wrapper, which holds nothing else. */
function isValue({ kind }: Field, below: readonly string[]): boolean {
  return kind === 'wrapper' && below.length === 1 && below[0] === 'value';
}

function isKnown(type: MessageType, [name = '', ...below]: readonly string[]): boolean {
  const field = type.byName.get(name);
  if (field === undefined || field.name !== name) return false;
  if (below.length === 0 || isValue(field, below)) return true;
  return field.kind === 'message' && !field.repeated && isKnown(field.type, below);
}

/** An encoded GetFlowsResponse with nothing of its flow but what the mask names. Throws `hubble/malformed`. */
export function maskResponse(response: Buffer, mask: FieldMask): Buffer {
  const reader = new WireReader(response);
  const writer = new WireWriter(response.length + 16);
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const tag = reader.tag();
    if (tag >>> 3 === FLOW_FIELD && (tag & 7) === WIRE_BYTES) cut(reader, writer, tag, mask);
    else copy(reader, writer, start, tag);
  }
  return writer.finish();
}

/** Copies the fields of a submessage that the mask names. */
function cut(reader: WireReader, writer: WireWriter, tag: number, mask: FieldMask): void {
  const outer = reader.enter();
  writer.tag(tag >>> 3, WIRE_BYTES);
  const from = writer.begin();
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const inner = reader.tag();
    const rule = mask.get(inner >>> 3);
    if (rule === undefined) reader.skip(inner);
    else if (rule === 'whole' || (inner & 7) !== WIRE_BYTES) copy(reader, writer, start, inner);
    else cut(reader, writer, inner, rule);
  }
  writer.end(from);
  reader.leave(outer);
}

function copy(reader: WireReader, writer: WireWriter, start: number, tag: number): void {
  reader.skip(tag);
  writer.raw(reader.bytes.subarray(start, reader.pos));
}
