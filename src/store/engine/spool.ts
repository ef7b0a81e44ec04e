// Files that carry Native blocks into the embedded engine: it takes binary data from files only. They live in the data
// directory for the milliseconds of one insert, so they seldom reach the disk; leftovers of a killed process are removed.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export class Spool {
  private readonly directory: string;
  private count = 0;

  constructor(dataDirectory: string) {
    this.directory = resolve(dataDirectory, 'spool');
  }

  async open(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true });
  }

  /** Runs `use` with the path of a file that holds `bytes`, and removes it. */
  async with<T>(bytes: Buffer, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.directory, `${this.count++}.native`);
    try {
      await writeFile(path, bytes);
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }
}
