// Remembers the newest keys, bounded: at least `limit` of them and at most twice as many.
export class RecentKeys {
  private readonly limit: number;
  private newer = new Set<string>();
  private older = new Set<string>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** False when the key is known already. */
  add(key: string): boolean {
    if (this.newer.has(key) || this.older.has(key)) return false;
    // Two generations: taking the oldest out of one set, one at a time, costs more the longer it goes on.
    if (this.newer.size >= this.limit) {
      this.older = this.newer;
      this.newer = new Set();
    }
    this.newer.add(key);
    return true;
  }
}
