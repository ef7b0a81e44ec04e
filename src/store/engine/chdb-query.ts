// Runs one reader's query on a session of the embedded engine and streams its rows. Knows where the engine keeps quiet:
// a stream that runs out of time, or is killed between two chunks, simply ends, as if that had been all (chdb 3.4).
import type { ChdbQueryStream, Session, StreamChunk } from 'chdb';
import { ParallaxError } from '../../runtime/errors.ts';
import { parseRows } from './parse-rows.ts';

export interface ReadOptions {
  /** The statement with FORMAT JSONCompactEachRow and its settings. */
  readonly sql: string;
  /** Milliseconds the engine lets the query run. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Asks the engine to end this query, which may have no effect. */
  readonly kill: () => void;
  /** Whether the store began to close. */
  readonly closing: () => boolean;
}

const FORMAT = 'JSONCompactEachRow';

/** Once this has ended or thrown, nothing runs on the session any more. */
export async function* readRows(
  session: Session,
  { sql, limit, signal, kill, closing }: ReadOptions,
): AsyncGenerator<readonly unknown[]> {
  signal.throwIfAborted();
  const started = performance.now();
  const stream = session.queryStream(sql, { format: FORMAT });
  const chunks = new Ahead(stream);
  signal.addEventListener('abort', kill, { once: true });
  try {
    for (;;) {
      const chunk = await chunks.next();
      signal.throwIfAborted();
      if (chunk === undefined) break;
      yield* parseRows(chunk.text());
      signal.throwIfAborted();
    }
    if (chunks.endedAt - started >= limit) {
      const cure = 'narrow the time range or the filter, or raise store.reader.maxExecutionTime';
      const text = `the query ran for ${limit} ms and was ended (${cure})`;
      throw new ParallaxError('store/limit', text);
    }
    if (closing()) {
      throw new ParallaxError('store/unavailable', 'the store was closed while a query ran');
    }
  } finally {
    signal.removeEventListener('abort', kill);
    if (chunks.busy) kill();
    await chunks.finished();
    stream.cancel();
    if (chunks.endedAt === 0) await endStream(session);
  }
}

/**
 * A stream that failed or was cancelled may stay among the engine's running queries, its memory with it, until its
 * session is given the next statement (chdb 3.4).
 */
export async function endStream(session: Session): Promise<void> {
  await session.queryAsync('SELECT 1').catch(() => {});
}

/**
 * One chunk ahead of its reader: a short answer is known to be whole before its reader has looked at it, however slow
 * that one is.
 */
class Ahead {
  endedAt = 0;
  busy = false;
  private readonly chunks: AsyncIterator<StreamChunk>;
  private coming: Promise<StreamChunk | undefined> | undefined;

  constructor(stream: ChdbQueryStream) {
    this.chunks = stream[Symbol.asyncIterator]();
    this.fetch();
  }

  async next(): Promise<StreamChunk | undefined> {
    const chunk = await this.coming;
    if (chunk !== undefined) this.fetch();
    return chunk;
  }

  async finished(): Promise<void> {
    await this.coming?.catch(() => {});
  }

  private fetch(): void {
    this.busy = true;
    this.coming = this.chunks
      .next()
      .then((result) => {
        if (!result.done) return result.value;
        this.endedAt = performance.now();
        return undefined;
      })
      .finally(() => {
        this.busy = false;
      });
    // `next` throws the failure; it may never be called.
    this.coming.catch(() => {});
  }
}
