// The ring of one simulated node: the last N events as framed gRPC messages, oldest overwritten first, as Hubble's own
// ring does. Bytes lie in shared chunks, so that a reader that keeps up is served without copying an event.
import type { Ledger } from './ledger.ts';

const CHUNK_BYTES = 128 * 1024;

/** Memory that events are appended to; reused once no event and no writer needs it. */
export interface Chunk {
  buffer: Buffer;
  end: number;
  /** Events of the ring in it, plus writes in flight, plus one while it is being appended to. */
  users: number;
}

/** Free chunks, shared by the nodes of a relay; keeps at most `limit`. */
export class ChunkPool {
  private readonly spare: Chunk[] = [];
  private readonly limit: number;

  constructor(limit = 128) {
    this.limit = limit;
  }

  take(atLeast: number): Chunk {
    const chunk = atLeast > CHUNK_BYTES ? undefined : this.spare.pop();
    if (!chunk) {
      const size = Math.max(atLeast, CHUNK_BYTES);
      return { buffer: Buffer.allocUnsafeSlow(size), end: 0, users: 1 };
    }
    chunk.end = 0;
    chunk.users = 1;
    return chunk;
  }

  release(chunk: Chunk): void {
    if (--chunk.users > 0) return;
    if (chunk.buffer.length === CHUNK_BYTES && this.spare.length < this.limit) {
      this.spare.push(chunk);
    }
  }
}

/**
 * Events are counted from 0 for the life of the ring; event `n` is there while `first <= n < seen`.
 * Write with `reserve`, fill `chunk.buffer` at `chunk.end`, then `commit`.
 */
export class NodeRing {
  readonly name: string;
  readonly capacity: number;
  seen = 0;
  /** Events below this number are gone, by overwriting or by `clear`. */
  first = 0;
  private readonly pool: ChunkPool;
  private readonly ledger: Ledger | undefined;
  private chunk: Chunk | undefined;
  private readonly chunks: (Chunk | undefined)[];
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly uuids: Int32Array;
  private readonly times: Float64Array;
  private readonly read: Uint8Array;

  constructor(name: string, capacity: number, pool: ChunkPool, ledger?: Ledger) {
    this.name = name;
    this.capacity = capacity;
    this.pool = pool;
    this.ledger = ledger;
    this.chunks = new Array<Chunk | undefined>(capacity);
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
    this.uuids = new Int32Array(capacity);
    this.times = new Float64Array(capacity);
    this.read = new Uint8Array(capacity);
  }

  /** Events it holds now. */
  get held(): number {
    return this.seen - this.first;
  }

  /** A chunk with room for `length` bytes at its `end`. */
  reserve(length: number): Chunk {
    const current = this.chunk;
    if (current && current.end + length <= current.buffer.length) return current;
    if (current) this.pool.release(current);
    this.chunk = this.pool.take(length);
    return this.chunk;
  }

  /**
   * Makes the `length` bytes behind the end of the reserved chunk the newest event. `uuidAt` is where the text of its
   * uuid starts in the chunk, -1 without one; `odd` marks flows that are malformed on purpose.
   */
  commit(chunk: Chunk, length: number, timeMs: number, uuidAt: number, odd = false): void {
    const slot = this.seen % this.capacity;
    if (this.held === this.capacity) this.forget(slot);
    chunk.users++;
    this.chunks[slot] = chunk;
    this.starts[slot] = chunk.end;
    chunk.end += length;
    this.ends[slot] = chunk.end;
    this.uuids[slot] = uuidAt;
    this.times[slot] = timeMs;
    this.read[slot] = 0;
    this.seen++;
    if (uuidAt >= 0) this.ledger?.note(odd ? 'odd' : 'sent', chunk.buffer, uuidAt);
  }

  time(event: number): number {
    return this.times[event % this.capacity] ?? 0;
  }

  size(event: number): number {
    const slot = event % this.capacity;
    return (this.ends[slot] ?? 0) - (this.starts[slot] ?? 0);
  }

  /** An event's message without its frame, in place: look at it before the ring goes on. */
  message(event: number): Buffer {
    const slot = event % this.capacity;
    const { buffer } = this.chunks[slot] ?? { buffer: Buffer.alloc(0) };
    return buffer.subarray((this.starts[slot] ?? 0) + 5, this.ends[slot]);
  }

  markRead(event: number): void {
    this.read[event % this.capacity] = 1;
  }

  /** Copies an event to `target` and marks it read; returns the end of it there. */
  copy(event: number, target: Buffer, at: number): number {
    const slot = event % this.capacity;
    this.read[slot] = 1;
    const source = this.chunks[slot]?.buffer;
    if (source) source.copy(target, at, this.starts[slot], this.ends[slot]);
    return at + this.size(event);
  }

  /**
   * The longest contiguous run of events from `event` on that fits `limit` bytes (at least one event), marked read.
   * The chunk gets one user more: release it when the bytes are written.
   */
  slice(event: number, limit: number): { chunk: Chunk; bytes: Buffer; next: number } | undefined {
    const slot = event % this.capacity;
    const chunk = this.chunks[slot];
    if (!chunk || event < this.first || event >= this.seen) return undefined;
    const start = this.starts[slot] ?? 0;
    let next = event;
    let end = start;
    while (next < this.seen) {
      const at = next % this.capacity;
      const until = this.ends[at] ?? 0;
      if (this.chunks[at] !== chunk || (until - start > limit && next > event)) break;
      this.read[at] = 1;
      end = until;
      next++;
    }
    chunk.users++;
    return { chunk, bytes: chunk.buffer.subarray(start, end), next };
  }

  /** Empties the ring as a restart of the agent does; event numbers start at 0. */
  clear(): void {
    while (this.first < this.seen) this.forget(this.first % this.capacity);
    this.seen = 0;
    this.first = 0;
  }

  private forget(slot: number): void {
    const chunk = this.chunks[slot];
    if (!chunk) return;
    const uuidAt = this.uuids[slot] ?? -1;
    if (this.ledger && uuidAt >= 0 && this.read[slot] !== 1) {
      this.ledger.note('overwritten', chunk.buffer, uuidAt);
    }
    this.chunks[slot] = undefined;
    this.first++;
    this.pool.release(chunk);
  }
}
