// A map that forgets what was used longest ago when it is full.

export class LruMap<V> {
  private readonly entries = new Map<string, V>();
  private readonly limit: number;
  /** Entries forgotten because there were too many. */
  evicted = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    // A Map keeps the order of insertion: what was put in again is the newest.
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.limit) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      this.evicted++;
      return;
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
