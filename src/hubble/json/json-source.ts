// Original JSON text of a response whose message cannot hold all of it. It travels inside the message as a field
// that no .proto has, through the bus and the store.
import { GetFlowsResponse } from '../proto/schema.gen.ts';
import { WIRE_BYTES, WireReader } from '../proto/wire.ts';
import { WireWriter } from '../proto/wire-writer.ts';

/** `json_source` of GetFlowsResponse: the highest field number there is, which no .proto will take. */
export const JSON_SOURCE_FIELD = 536_870_911;

/** The JSON text the response carries, if it carries one. */
export function jsonSource(response: GetFlowsResponse): string | undefined {
  let found: string | undefined;
  if (response.$unknown === undefined) return undefined;
  for (const { field, wire, start, end, bytes } of unknownFields(response.$unknown)) {
    if (field === JSON_SOURCE_FIELD && wire === WIRE_BYTES) {
      found = bytes.toString('utf8', start, end);
    }
  }
  return found;
}

/** The response with `json` as its source. */
export function withJsonSource(response: GetFlowsResponse, json: string): GetFlowsResponse {
  const writer = new WireWriter(json.length + 16);
  if (response.$unknown !== undefined) writer.raw(response.$unknown);
  writer.tag(JSON_SOURCE_FIELD, WIRE_BYTES);
  writer.text(json);
  return { ...response, $unknown: new Uint8Array(writer.finish()) };
}

/** The response as Hubble itself would print it: without what only the JSON text could say. */
export function withoutJsonSource(response: GetFlowsResponse): GetFlowsResponse {
  if (response.$unknown === undefined) return response;
  const kept: Uint8Array[] = [];
  for (const each of unknownFields(response.$unknown)) {
    if (each.field !== JSON_SOURCE_FIELD) kept.push(each.bytes.subarray(each.tag, each.end));
  }
  const { $unknown, ...rest } = response;
  return kept.length === 0 ? rest : { ...rest, $unknown: new Uint8Array(Buffer.concat(kept)) };
}

/** `json_source` only means something on the response itself. */
export function isResponseType(type: object): boolean {
  return type === GetFlowsResponse;
}

function* unknownFields(unknown: Uint8Array) {
  const reader = new WireReader(unknown);
  const { bytes } = reader;
  while (reader.pos < reader.limit) {
    const tag = reader.pos;
    const key = reader.tag();
    const value = reader.pos;
    reader.skip(key);
    const end = reader.pos;
    let start = value;
    if ((key & 7) === WIRE_BYTES) {
      reader.pos = value;
      reader.end();
      start = reader.pos;
      reader.pos = end;
    }
    yield { field: key >>> 3, wire: key & 7, tag, start, end, bytes };
  }
}
