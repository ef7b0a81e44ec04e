// Ordered commits: handlers may end in any order, an offset counts as dealt with only when all before it are.

/** Tracks the records of one partition from start to end. Offsets must be begun in ascending order. */
export class OrderedProgress {
  private readonly begun: { readonly offset: bigint; done: boolean }[] = [];

  /** Records begun and not yet behind the commit position. */
  get open(): number {
    return this.begun.length;
  }

  begin(offset: bigint): { readonly offset: bigint; done: boolean } {
    const entry = { offset, done: false };
    this.begun.push(entry);
    return entry;
  }

  /** Takes out what is done in order; the last such offset, or undefined when the oldest is still at work. */
  advance(): bigint | undefined {
    let last: bigint | undefined;
    while (this.begun[0]?.done) last = this.begun.shift()?.offset;
    return last;
  }
}
