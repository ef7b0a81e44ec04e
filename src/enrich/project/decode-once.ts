// Parts of messages that many flows have in common, looked up by their bytes and decoded the first time they are seen:
// clusters have thousands of endpoints (some 350 bytes each, labels and all), flows come by the million.

import { WireReader } from '../../hubble/proto/wire.ts';
import { ByteTable } from './byte-table.ts';

export abstract class DecodeOnce {
  readonly table: ByteTable;
  private lossy: Uint8Array;
  private readonly cold = new WireReader();

  constructor(capacity: number) {
    this.table = new ByteTable(capacity);
    this.lossy = new Uint8Array(capacity);
  }

  /** Forgets everything; numbers start at 1 again. */
  clear(): void {
    this.table.clear();
  }

  /** The number of the part from `start` to `end`, 0 when it is empty. The reader does not move. */
  protected find(reader: WireReader, start: number, end: number): number {
    const { table } = this;
    const known = table.size;
    const id = table.add(reader.view, start, end);
    if (id === known) this.decodeNew(id, reader, start, end);
    reader.lossy |= this.lossy[id] ?? 0;
    return id;
  }

  /** Decodes what the reader stands before; sets the reader's `lossy` when the values cannot give it back. */
  protected abstract decode(id: number, reader: WireReader): void;

  /** Makes room for values by number. */
  protected abstract grow(capacity: number): void;

  private decodeNew(id: number, reader: WireReader, start: number, end: number): void {
    const { cold, table } = this;
    const capacity = table.starts.length;
    if (capacity > this.lossy.length) {
      const lossy = new Uint8Array(capacity);
      lossy.set(this.lossy);
      this.lossy = lossy;
      this.grow(capacity);
    }
    cold.open(reader, start, end);
    try {
      this.decode(id, cold);
      this.lossy[id] = cold.lossy;
    } catch (error) {
      table.removeNewest();
      throw error;
    }
  }
}
