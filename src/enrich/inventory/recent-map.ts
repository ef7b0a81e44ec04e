// A map within a limit that forgets what was not used lately. Two generations instead of a list by last use: when the
// young one is half the limit, the old one is dropped whole. (A Map as a queue is no way: finding its first entry walks
// over all that were deleted before it, and a million entries took two minutes.)

export class RecentMap<V> {
  private young = new Map<string, V>();
  private old = new Map<string, V>();
  private readonly half: number;
  /** Entries forgotten because there were too many. */
  evicted = 0;

  constructor(limit: number) {
    this.half = Math.max(1, Math.floor(limit / 2));
  }

  /** At most the limit; what was used last is half of that at least. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: string): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const aged = this.old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: string, value: V): void {
    if (!this.young.has(key)) {
      this.old.delete(key);
      if (this.young.size >= this.half) {
        this.evicted += this.old.size;
        this.old = this.young;
        this.young = new Map();
      }
    }
    this.young.set(key, value);
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }
}
