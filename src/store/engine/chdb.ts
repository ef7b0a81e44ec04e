// ClickHouse embedded in this process (chDB). Statements run on threads of libuv, one at a time a session, so inserts
// have a session of their own and every running query another. chDB is optional: it is loaded when the engine opens.
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Session } from 'chdb';
import { aborted, deferred } from '../../runtime/async.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { StoreConfig } from '../config.ts';
import { columnList, identifier } from '../schema/sql-names.ts';
import { filterSettings } from '../schema/table-filters.ts';
import type { NativeBlock, QueryParams } from '../store.ts';
import { COUNTERS_SQL, type Counters, countersOf, ReadCounters } from './chdb-cost.ts';
import { readRows } from './chdb-query.ts';
import { type Engine, type EngineQueryOptions, INSERT_SETTINGS } from './engine.ts';
import { clickhouseCode, storeFailure } from './failure.ts';
import { bindLiterals, quote } from './literals.ts';
import { locked, readLock } from './lock.ts';
import { OPTIONAL_READER_SETTINGS, readerSettings, type Settings } from './reader-settings.ts';
import { Spool } from './spool.ts';

const DATABASE = 'parallax';
const CANCELLED = 394;
/** How long killed statements may take to notice. */
const KILL_MS = 2000;

type Chdb = typeof import('chdb');

export class ChdbEngine implements Engine {
  readonly kind = 'chdb';
  readonly database = DATABASE;
  private readonly config: StoreConfig;
  private readonly spool: Spool;
  private readonly directory: string;
  private chdb: Chdb | undefined;
  private writer: Session | undefined;
  /** Maintenance, and the word that ends a query: never behind a running insert or query. */
  private control: Session | undefined;
  private readonly idle: Session[] = [];
  private readonly sessions = new Set<Session>();
  private readonly running = new Set<Promise<unknown>>();
  private writes: Promise<unknown> = Promise.resolve();
  private queries = 0;
  private closing = false;
  private readonly counters = new ReadCounters(() => this.readSoFar());

  constructor(config: StoreConfig) {
    this.config = config;
    this.directory = resolve(config.chdb.path);
    this.spool = new Spool(this.directory);
  }

  async open(): Promise<void> {
    if (/[*?{}]/.test(this.directory)) {
      const text = `store.chdb.path ${this.directory} must not hold any of * ? { }`;
      throw new ParallaxError('config/invalid', `${text}: the engine takes them for patterns`);
    }
    this.closing = false;
    this.chdb = await load();
    await this.spool.open();
    this.control = await this.connect();
    await this.createDatabase();
    this.writer = await this.session();
  }

  async close(limit: AbortSignal): Promise<void> {
    this.closing = true;
    await Promise.race([Promise.allSettled([...this.running]), aborted(limit)]);
    if (this.running.size > 0) {
      this.kill(`startsWith(Settings['log_comment'], 'parallax-')`);
      // A reader that never asks for its next row cannot be waited for, only what runs in the engine.
      await Promise.race([this.chdb?.drainPending(), setTimeout(KILL_MS)]);
      this.running.clear();
    }
    for (const session of this.sessions) session.close();
    this.sessions.clear();
    this.idle.length = 0;
    this.writer = undefined;
    this.control = undefined;
    await this.chdb?.drainPending();
  }

  insert(block: NativeBlock, token: string): Promise<void> {
    const settings = {
      ...INSERT_SETTINGS,
      insert_deduplication_token: token,
      max_threads: 1,
      max_insert_threads: 1,
    };
    // Plain INSERT from a file: 5 ms of CPU less than INSERT … SELECT from file(), and tokens work as they are. The next
    // block's file is written while this one is inserted.
    const insert = this.spool.with(block.bytes, (path) =>
      this.inOrder(() =>
        this.opened(this.writer).queryAsync(
          `INSERT INTO ${identifier(block.table)} (${columnList(block)}) FROM INFILE ${quote(path)} ` +
            `SETTINGS ${settingsText(settings)} FORMAT Native`,
        ),
      ),
    );
    return this.track(insert).catch((error: unknown) => {
      const what = `insert of ${block.rows} rows into ${block.table}`;
      throw storeFailure(error, 'insert', what, this.directory);
    });
  }

  async *query(
    sql: string,
    params: QueryParams,
    signal: AbortSignal,
    { cost, only }: EngineQueryOptions = {},
  ): AsyncIterable<readonly unknown[]> {
    const counted = await this.counters.begin(cost !== undefined);
    const session = this.idle.pop() ?? (await this.session());
    const tag = `parallax-${process.pid}-${this.queries++}`;
    const settings = {
      ...readerSettings(this.config.reader),
      ...OPTIONAL_READER_SETTINGS,
      ...filterSettings(only),
      log_comment: tag,
    };
    const done = deferred<void>();
    this.running.add(done.promise);
    try {
      yield* readRows(session, {
        sql: `${bindLiterals(sql, params)}\nFORMAT JSONCompactEachRow\nSETTINGS ${settingsText(settings)}`,
        limit: this.config.reader.maxExecutionTime,
        signal,
        kill: () => this.kill(`Settings['log_comment'] = ${quote(tag)}`),
        closing: () => this.closing,
      });
    } catch (error) {
      signal.throwIfAborted();
      if (clickhouseCode(error) === CANCELLED) {
        const text = this.closing
          ? 'the store was closed while a query ran'
          : 'the query was killed';
        throw new ParallaxError('store/unavailable', text, { cause: error });
      }
      throw storeFailure(error, 'query', 'query', this.directory);
    } finally {
      if (this.sessions.has(session)) this.idle.push(session);
      const read = counted.end();
      cost?.(read);
      this.running.delete(done.promise);
      done.resolve();
    }
  }

  async command(sql: string, params: QueryParams): Promise<void> {
    try {
      await this.track(this.opened(this.control).queryAsync(bindLiterals(sql, params)));
    } catch (error) {
      throw storeFailure(error, 'command', 'statement', this.directory);
    }
  }

  async createDatabase(): Promise<void> {
    await this.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic`, {});
    await this.command(`USE ${DATABASE}`, {});
  }

  /** A session whose unqualified tables are ours. */
  private async session(): Promise<Session> {
    const session = await this.connect();
    await session.queryAsync(`USE ${DATABASE}`);
    return session;
  }

  private async connect(): Promise<Session> {
    const { maxMemory, cache, mergeThreads } = this.config.chdb;
    try {
      const session = new (this.opened(this.chdb).Session)(this.directory, {
        connectionArgs: [
          `--max_server_memory_usage=${maxMemory}`,
          `--mark_cache_size=${cache}`,
          `--primary_index_cache_size=${cache}`,
          `--index_mark_cache_size=${cache}`,
          `--background_pool_size=${mergeThreads}`,
        ],
      });
      this.sessions.add(session);
      return session;
    } catch (error) {
      const holder = await readLock(this.directory);
      // The engine says no more than that it could not; nearly always another process has the directory.
      if (holder === undefined || holder.pid !== process.pid) throw locked(this.directory, holder);
      throw new ParallaxError(
        'store/rejected',
        `the embedded engine cannot open ${this.directory}: is it writable, and whole?`,
        { cause: error },
      );
    }
  }

  private async readSoFar(): Promise<Counters> {
    const format = 'JSONCompactEachRow';
    return countersOf(
      (await this.opened(this.control).queryAsync(COUNTERS_SQL, { format })).text(),
    );
  }

  /** Inserts go one after another: a session takes one statement at a time, and waiting here costs no thread. */
  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    const next = this.writes.then(work, work);
    this.writes = next.catch(() => {});
    return next;
  }

  private track(work: Promise<unknown>): Promise<void> {
    const done = work.then(() => {});
    const ended = done.catch(() => {});
    this.running.add(ended);
    void ended.then(() => this.running.delete(ended));
    return done;
  }

  private kill(where: string): void {
    // Best effort: the query ends on its own, at its time limit, should this fail.
    this.control?.queryAsync(`KILL QUERY WHERE ${where} ASYNC`).catch(() => {});
  }

  private opened<T>(part: T | undefined): T {
    if (part === undefined) throw new ParallaxError('store/unavailable', 'the store is not open');
    return part;
  }
}

async function load(): Promise<Chdb> {
  try {
    return await import('chdb');
  } catch (error) {
    throw new ParallaxError(
      'store/rejected',
      `the embedded engine cannot be loaded on ${process.platform} ${process.arch}: install the npm package chdb ` +
        '(Linux with glibc, macOS), or use a server with store.kind=clickhouse',
      { cause: error },
    );
  }
}

function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quote(value)}`)
    .join(', ');
}
