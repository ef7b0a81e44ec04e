// Dead letters of the in-process bus: a bounded ring for looking at, a file when one is configured.
import { open } from 'node:fs/promises';
import type { DeadLetter } from '../bus.ts';
import type { MemoryBusConfig } from '../config.ts';
import type { BusMetrics } from '../metrics.ts';

/** Bytes of one letter kept in the ring; the file has all of them. */
const KEPT_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class MemoryDeadLetters {
  private readonly ring: DeadLetter[] = [];
  private readonly limit: number;
  private readonly file: string | undefined;
  private readonly metrics: BusMetrics;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    config: Pick<MemoryBusConfig, 'deadLetters' | 'deadLetterFile'>,
    metrics: BusMetrics,
  ) {
    this.limit = config.deadLetters;
    this.file = config.deadLetterFile;
    this.metrics = metrics;
  }

  get newest(): readonly DeadLetter[] {
    return this.ring;
  }

  async add(letter: DeadLetter, now: number): Promise<void> {
    this.metrics.deadLetters.inc({ reason: letter.reason });
    // A copy, and without the record's value: a ring of slices would keep whole batches alive.
    const value = Buffer.from(letter.value.subarray(0, KEPT_BYTES));
    this.ring.push({ ...letter, record: { ...letter.record, value: NOTHING }, value });
    if (this.ring.length > this.limit) this.ring.shift();
    const { file } = this;
    if (file === undefined) return;
    const write = this.writing.then(() => append(file, letter, now));
    this.writing = write.catch(() => {}); // one failed write must not fail those behind it
    await write;
  }
}

async function append(file: string, letter: DeadLetter, now: number): Promise<void> {
  const { topic, partition, offset, key, timestampMs, headers } = letter.record;
  const line = JSON.stringify({
    time: new Date(now).toISOString(),
    reason: letter.reason,
    detail: letter.detail,
    record: { topic, partition, offset: String(offset), key, timestampMs, headers },
    value: letter.value.toString('base64'),
  });
  const handle = await open(file, 'a');
  try {
    await handle.appendFile(`${line}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
