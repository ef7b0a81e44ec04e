// Texts that are made of a part of a message, once for each distinct part: the joined elements of a repeated field, the
// JSON of a submessage. Looked up by the part's bytes.
import { ByteTable } from './byte-table.ts';
import type { Texts } from './texts.ts';
import { WireReader } from './wire.ts';

/** Makes the text of what the reader stands before; sets the reader's `lossy` when the text cannot give it back. */
export type MakeText = (reader: WireReader) => string;

export class Memo {
  readonly table = new ByteTable(1024);
  private readonly texts: Texts;
  private readonly make: MakeText;
  private readonly cold = new WireReader();
  private values = new Uint32Array(1024);
  private lossy = new Uint8Array(1024);

  constructor(texts: Texts, make: MakeText) {
    this.texts = texts;
    this.make = make;
  }

  /** The number of the text for a submessage whose length is next; the reader goes past it. */
  message(reader: WireReader): number {
    const end = reader.end();
    const value = this.find(reader, reader.pos, end);
    reader.pos = end;
    return value;
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
    return this.find(reader, start, end);
  }

  clear(): void {
    this.table.clear();
  }

  private find(reader: WireReader, start: number, end: number): number {
    const { table } = this;
    const known = table.size;
    const id = table.add(reader.view, start, end);
    if (id === known) this.decode(id, reader, start, end);
    reader.lossy |= this.lossy[id] ?? 0;
    return this.values[id] ?? 0;
  }

  private decode(id: number, reader: WireReader, start: number, end: number): void {
    const { cold, table } = this;
    if (table.starts.length > this.values.length) this.grow(table.starts.length);
    cold.open(reader, start, end);
    try {
      this.values[id] = this.texts.addText(this.make(cold));
      this.lossy[id] = cold.lossy;
    } catch (error) {
      table.removeNewest();
      throw error;
    }
  }

  private grow(capacity: number): void {
    const values = new Uint32Array(capacity);
    values.set(this.values);
    this.values = values;
    const lossy = new Uint8Array(capacity);
    lossy.set(this.lossy);
    this.lossy = lossy;
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
