// Memory of batches that are on their way, used again. Fresh memory costs the kernel a page fault and a zeroed page for
// every four kilobytes: for batches of tens of megabytes more than all the copying into it.

/** What is this many times too large is not taken. */
const TOO_LARGE = 4;

export class BatchMemory {
  private readonly kept: number;
  private readonly free: Buffer<ArrayBuffer>[] = [];
  /** In use now. What others made is never taken for our own: it may be a part of something. */
  private readonly taken = new WeakSet<ArrayBufferLike>();

  /** `kept`: how many are kept beside those in use, by default one, to be filled while another is packed. */
  constructor(kept = 1) {
    this.kept = kept;
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer<ArrayBuffer> {
    const fits = this.free.findIndex(
      ({ length }) => length >= bytes && length <= bytes * TOO_LARGE,
    );
    const [found] = fits < 0 ? [] : this.free.splice(fits, 1);
    // What does not fit was for another load: quiet times need little.
    if (!found) this.free.length = 0;
    const memory = found ?? Buffer.allocUnsafeSlow(bytes);
    this.taken.add(memory.buffer);
    return memory;
  }

  /** Takes back the whole memory behind `value`, which nobody may read from now on. */
  give({ buffer }: Buffer): void {
    if (!(buffer instanceof ArrayBuffer) || !this.taken.delete(buffer)) return;
    if (this.free.length < this.kept) this.free.push(Buffer.from(buffer));
  }
}
