// The JSON texts of `json` columns. They are made of decoded messages and read back at once, so that a text which
// would not give its message back exactly is known as such.
import { isDeepStrictEqual } from 'node:util';
import { fromJson, toJson } from '../../hubble/json/json.ts';
import { decode } from '../../hubble/proto/codec.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import type { WireReader } from '../../hubble/proto/wire.ts';

/** Put by decoders in the place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/** Makes the JSON of a message. */
export function makeMessageJson(type: MessageType): (reader: WireReader) => string {
  return (reader) => JSON.stringify(jsonOf(type, reader, reader.limit));
}

/** Makes the JSON array of a repeated field, whose elements have their tags. */
export function makeListJson(type: MessageType): (reader: WireReader) => string {
  return (reader) => {
    const list: object[] = [];
    while (reader.pos < reader.limit) {
      reader.tag();
      list.push(jsonOf(type, reader, reader.end()));
    }
    return JSON.stringify(list);
  };
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
