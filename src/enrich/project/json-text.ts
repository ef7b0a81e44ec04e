// The JSON texts of `json` columns. They are made of decoded messages and read back at once, so that a text which
// would not give its message back exactly is known as such.
import { isDeepStrictEqual } from 'node:util';
import { fromJson, toJson } from '../../hubble/json/json.ts';
import { decode } from '../../hubble/proto/codec.ts';
import { Policy, Tunnel } from '../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import type { WireReader } from './wire.ts';

/** Put by decoders in the place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

export function makeTunnelJson(reader: WireReader): string {
  return JSON.stringify(jsonOf(Tunnel, reader, reader.limit));
}

/** A repeated field of policies, tags included, as a JSON array. */
export function makePoliciesJson(reader: WireReader): string {
  const policies: object[] = [];
  while (reader.pos < reader.limit) {
    reader.tag();
    const end = reader.end();
    policies.push(jsonOf(Policy, reader, end));
  }
  return JSON.stringify(policies);
}

/** A repeated field of HTTP headers as a JSON array. By hand: request ids make the headers of most requests new. */
export function makeHeadersJson(reader: WireReader): string {
  const headers: { key?: string; value?: string }[] = [];
  while (reader.pos < reader.limit) {
    reader.tag();
    const outer = reader.enter();
    let key = '';
    let value = '';
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === 10) key = reader.string();
      else if (tag === 18) value = reader.string();
      else reader.unknown(tag);
    }
    reader.leave(outer);
    headers.push({ ...(key === '' ? {} : { key }), ...(value === '' ? {} : { value }) });
  }
  return JSON.stringify(headers);
}

function jsonOf<T extends object>(type: MessageType<T>, reader: WireReader, end: number): object {
  const message = decode(type, reader.bytes.subarray(reader.pos, end));
  reader.pos = end;
  const json = toJson(type, message);
  const text = JSON.stringify(json);
  const back = fromJson(type, JSON.parse(text));
  if (text.includes(REPLACEMENT) || !isDeepStrictEqual(back, message)) reader.lossy = 1;
  return json;
}
