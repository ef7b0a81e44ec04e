// Distinct messages of two texts, fields 1 and 2: Emitter, Ethernet, Service. Looked up whole, decoded once.
import { ByteTable, grown } from './byte-table.ts';
import type { Texts } from './texts.ts';
import { WireReader } from './wire.ts';

export class Pairs {
  readonly table = new ByteTable(256);
  /** Texts of field 1 and of field 2, by the pair's number. */
  first = new Uint32Array(256);
  second = new Uint32Array(256);
  private lossy = new Uint32Array(256);
  private readonly texts: Texts;
  private readonly cold = new WireReader();

  constructor(texts: Texts) {
    this.texts = texts;
  }

  /** The number of the message whose length is next; 0 for an empty one. */
  read(reader: WireReader): number {
    const { table } = this;
    const end = reader.end();
    const known = table.size;
    const id = table.add(reader.view, reader.pos, end);
    if (id === known) {
      if (id === this.first.length) this.grow();
      this.cold.open(reader, reader.pos, end);
      try {
        this.decode(id, this.cold);
      } catch (error) {
        table.removeNewest();
        throw error;
      }
    }
    reader.lossy |= this.lossy[id] ?? 0;
    reader.pos = end;
    return id;
  }

  clear(): void {
    this.table.clear();
  }

  private decode(id: number, reader: WireReader): void {
    let first = '';
    let second = '';
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === 10) first = reader.string();
      else if (tag === 18) second = reader.string();
      else reader.unknown(tag);
    }
    this.first[id] = this.texts.addText(first);
    this.second[id] = this.texts.addText(second);
    this.lossy[id] = reader.lossy;
  }

  private grow(): void {
    this.first = grown(this.first);
    this.second = grown(this.second);
    this.lossy = grown(this.lossy);
  }
}
