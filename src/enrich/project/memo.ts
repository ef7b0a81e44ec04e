// Texts that are made of a part of a message, once for each distinct part: the joined elements of a repeated field, the
// JSON of a submessage.

import type { WireReader } from '../../hubble/proto/wire.ts';
import { resized } from './byte-table.ts';
import { DecodeOnce } from './decode-once.ts';
import type { Texts } from './texts.ts';

/** Makes the text of what the reader stands before; sets the reader's `lossy` when the text cannot give it back. */
type MakeText = (reader: WireReader) => string;

export class Memo extends DecodeOnce {
  private readonly texts: Texts;
  private readonly make: MakeText;
  private values = new Uint32Array(1024);

  constructor(texts: Texts, make: MakeText) {
    super(1024);
    this.texts = texts;
    this.make = make;
  }

  /** The number of the text for a submessage whose length is next; the reader goes past it. */
  message(reader: WireReader): number {
    const end = reader.end();
    const id = this.find(reader, reader.pos, end);
    reader.pos = end;
    return this.values[id] ?? 0;
  }

  /** The number of the text for a repeated field, whose first `tag` was read from `start`, and all that follow on it. */
  run(reader: WireReader, start: number, tag: number): number {
    let end = reader.end();
    reader.pos = end;
    while (end < reader.limit && reader.tag() === tag) {
      end = reader.end();
      reader.pos = end;
    }
    reader.pos = end;
    // The values may be moved by finding one.
    const id = this.find(reader, start, end);
    return this.values[id] ?? 0;
  }

  protected override decode(id: number, reader: WireReader): void {
    this.values[id] = this.texts.addText(this.make(reader));
  }

  protected override grow(capacity: number): void {
    this.values = resized(this.values, capacity);
  }
}

/** Elements joined by newlines; lossy when an element is empty or has one. */
export function makeLines(reader: WireReader): string {
  const elements: string[] = [];
  while (reader.pos < reader.limit) {
    reader.tag();
    elements.push(reader.string());
  }
  return joinLines(elements, reader);
}

export function joinLines(elements: readonly string[], reader: WireReader): string {
  for (const element of elements) {
    if (element === '' || element.includes('\n')) reader.lossy = 1;
  }
  return elements.join('\n');
}
