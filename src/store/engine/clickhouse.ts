// A ClickHouse server over HTTP. Owns the client; never logs or names the password.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { StoreConfig } from '../config.ts';
import { columnList, identifier } from '../schema/sql-names.ts';
import { filterSettings } from '../schema/table-filters.ts';
import type { NativeBlock, QueryCost, QueryParams } from '../store.ts';
import { type Engine, type EngineQueryOptions, INSERT_SETTINGS } from './engine.ts';
import { storeFailure } from './failure.ts';
import { OPTIONAL_READER_SETTINGS, readerSettings, type Settings } from './reader-settings.ts';

const RETRY_MS = 500;
/** Request bodies go out in pieces of this size, so that a slow server holds back no more than one. */
const PIECE = 1 << 20;

export class ClickhouseEngine implements Engine {
  readonly kind = 'clickhouse';
  readonly database: string;
  private readonly config: StoreConfig;
  private readonly logger: Logger;
  private readonly clock: Clock;
  private client: ClickHouseClient | undefined;
  private settings: Settings;

  constructor(config: StoreConfig, { logger, clock }: { logger: Logger; clock: Clock }) {
    this.config = config;
    this.logger = logger;
    this.clock = clock;
    this.database = config.clickhouse.database;
    this.settings = readerSettings(config.reader);
  }

  async open(signal: AbortSignal): Promise<void> {
    this.client = this.connect(this.database);
    const deadline = this.clock.now() + this.config.clickhouse.startTimeout;
    for (;;) {
      const failure = await this.ping();
      if (failure === undefined) break;
      if (!failure.retriable || this.clock.now() >= deadline || signal.aborted) throw failure;
      this.logger.warn({ err: failure.message }, 'store not reachable yet');
      await this.clock.sleep(RETRY_MS, signal);
    }
    await this.learnSettings();
  }

  async close(): Promise<void> {
    // Destroys the sockets: what still runs ends at the server too (cancel_http_readonly_queries_on_client_close).
    await this.client?.close();
    this.client = undefined;
  }

  async insert(block: NativeBlock, token: string): Promise<void> {
    try {
      const { stream } = await this.opened().exec({
        query: `INSERT INTO ${identifier(block.table)} (${columnList(block)}) FORMAT Native`,
        values: Readable.from(pieces(block.bytes), { objectMode: false }),
        clickhouse_settings: asSettings({ ...INSERT_SETTINGS, insert_deduplication_token: token }),
      });
      for await (const _ of stream) {
        // An insert answers nothing; the socket is free again once that was read.
      }
    } catch (error) {
      throw this.failure(error, 'insert', `insert of ${block.rows} rows into ${block.table}`);
    }
  }

  async *query(
    sql: string,
    params: QueryParams,
    signal: AbortSignal,
    { cost, only }: EngineQueryOptions = {},
  ): AsyncIterable<readonly unknown[]> {
    let read: QueryCost = { rows: 0, bytes: 0 };
    try {
      const result = await this.opened().query({
        query: sql,
        format: 'JSONCompactEachRow',
        query_params: { ...params },
        // Long lists of values do not fit into a URL.
        use_multipart_params_auto: true,
        abort_signal: signal,
        clickhouse_settings: asSettings({
          ...this.settings,
          ...filterSettings(only),
          // The server says what it read in a header, which it can only once it is done. Answers are read in pages.
          ...(cost === undefined ? {} : { wait_end_of_query: 1 }),
        }),
      });
      read = costOf(result.response_headers['x-clickhouse-summary']);
      const stream = result.stream();
      const end = () => stream.destroy();
      signal.addEventListener('abort', end, { once: true });
      try {
        for await (const rows of stream) {
          for (const row of rows) yield parseRow(row.text);
        }
        signal.throwIfAborted();
      } finally {
        signal.removeEventListener('abort', end);
        result.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      throw this.failure(error, 'query', 'query');
    } finally {
      cost?.(Promise.resolve(read));
    }
  }

  async command(sql: string, params: QueryParams): Promise<void> {
    try {
      await this.opened().command({ query: sql, query_params: { ...params } });
    } catch (error) {
      throw this.failure(error, 'command', 'statement');
    }
  }

  async createDatabase(): Promise<void> {
    // Not through our client: the server refuses every request that names a database it does not have.
    const client = this.connect('default');
    try {
      await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${identifier(this.database)}` });
    } catch (error) {
      throw this.failure(error, 'command', `making the database ${this.database}`);
    } finally {
      await client.close();
    }
  }

  private connect(database: string): ClickHouseClient {
    const { url, username, compression, requestTimeout, idleSocketTtl } = this.config.clickhouse;
    const tls = this.tls();
    return createClient({
      url,
      username,
      password: this.password(),
      database,
      application: 'parallax',
      request_timeout: requestTimeout,
      max_open_connections: this.config.reader.concurrency + 8,
      compression: { request: compression === 'gzip', response: false },
      keep_alive: { enabled: true, idle_socket_ttl: idleSocketTtl },
      log: { level: ClickHouseLogLevel.OFF },
      ...(tls === undefined ? {} : { tls }),
    });
  }

  private password(): string {
    const { password, passwordFile } = this.config.clickhouse;
    return passwordFile === undefined
      ? password
      : read(passwordFile, 'passwordFile').toString().trim();
  }

  private tls() {
    const { caFile, certFile, keyFile } = this.config.clickhouse.tls;
    if ((certFile === undefined) !== (keyFile === undefined)) {
      throw invalid('store.clickhouse.tls needs certFile and keyFile together, or neither');
    }
    if (caFile === undefined) {
      if (certFile === undefined) return undefined;
      throw invalid('store.clickhouse.tls.certFile needs caFile too');
    }
    const ca_cert = read(caFile, 'tls.caFile');
    if (certFile === undefined || keyFile === undefined) return { ca_cert };
    return { ca_cert, cert: read(certFile, 'tls.certFile'), key: read(keyFile, 'tls.keyFile') };
  }

  private async ping(): Promise<ParallaxError | undefined> {
    // A SELECT, not /ping: that one answers without a password, and the password must be right.
    const result = await this.opened().ping({ select: true });
    return result.success ? undefined : this.failure(result.error, 'command', 'first request');
  }

  private async learnSettings(): Promise<void> {
    const names = Object.keys(OPTIONAL_READER_SETTINGS);
    const client = this.connect('default');
    try {
      const result = await client.query({
        query: 'SELECT name FROM system.settings WHERE name IN ({names:Array(String)})',
        query_params: { names },
        format: 'JSONCompactEachRow',
      });
      const known = new Set((await result.json<[string]>()).map(([name]) => name));
      this.settings = {
        ...readerSettings(this.config.reader),
        // A reader that goes away ends its query.
        cancel_http_readonly_queries_on_client_close: 1,
        ...Object.fromEntries(
          Object.entries(OPTIONAL_READER_SETTINGS).filter(([name]) => known.has(name)),
        ),
      };
    } catch (error) {
      throw this.failure(error, 'command', 'first request');
    } finally {
      await client.close();
    }
  }

  private failure(error: unknown, operation: 'insert' | 'query' | 'command', what: string) {
    return storeFailure(error, operation, what, this.config.clickhouse.url);
  }

  private opened(): ClickHouseClient {
    if (this.client === undefined) {
      throw new ParallaxError('store/unavailable', 'the store is not open');
    }
    return this.client;
  }
}

/** What the summary of a query says was read; nothing where there is none. */
function costOf(summary: string | string[] | undefined): QueryCost {
  try {
    const { read_rows: rows, read_bytes: bytes } = JSON.parse(String(summary));
    return { rows: Number(rows) || 0, bytes: Number(bytes) || 0 };
  } catch {
    return { rows: 0, bytes: 0 };
  }
}

/** A row; servers before 25.11 put the error of a query that failed within its answer where a row would be. */
function parseRow(text: string): readonly unknown[] {
  // JSONCompactEachRow: a row is an array.
  if (text.startsWith('[')) return JSON.parse(text) as readonly unknown[];
  const code = /^Code: (\d+)\./.exec(text)?.[1];
  throw Object.assign(new Error(text), code === undefined ? {} : { code });
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function asSettings(settings: Settings): ClickHouseSettings {
  // The client's type knows each setting by name; ours are names of the same list.
  return { ...settings } as ClickHouseSettings;
}

function read(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParallaxError('config/invalid', `store.clickhouse.${key}: ${why}`, { cause });
  }
}

function invalid(message: string): ParallaxError {
  return new ParallaxError('config/invalid', message);
}
