// The texts of columns, by number: what a LowCardinality column's dictionary is made of. Bytes that are not UTF-8
// become readable text with replacement characters, and `lossy` says so: the row then keeps the response's own bytes.
import { isUtf8 } from 'node:buffer';
import { ByteTable, viewOf } from './byte-table.ts';

export class Texts {
  readonly table = new ByteTable(8192);
  /** Set to 1 by `add` when a text is not what the bytes were; its reader resets it. */
  lossy = 0;
  /** For bytes that are not UTF-8 the number of the text in their place. */
  private replacements = new Uint32Array(8192);

  /** The number of the text in the span, 0 when it is empty. */
  add(view: DataView, start: number, end: number): number {
    const { table } = this;
    const known = table.size;
    const id = table.add(view, start, end);
    if (id === known) this.admit(id);
    const replacement = this.replacements[id] ?? 0;
    if (replacement === 0) return id;
    this.lossy = 1;
    return replacement;
  }

  addText(text: string): number {
    const bytes = Buffer.from(text);
    return this.add(viewOf(bytes), 0, bytes.length);
  }

  text(id: number): string {
    return this.table.text(id);
  }

  clear(): void {
    this.table.clear();
    this.replacements.fill(0);
  }

  private admit(id: number): void {
    const { table } = this;
    if (table.starts.length > this.replacements.length) {
      const replacements = new Uint32Array(table.starts.length);
      replacements.set(this.replacements);
      this.replacements = replacements;
    }
    const bytes = table.bytes.subarray(table.starts[id], table.ends[id]);
    if (!isUtf8(bytes)) this.replacements[id] = this.addText(bytes.toString('utf8'));
  }
}
