// The store over an engine: bounds how many queries run, counts what happens, knows repeated inserts, migrates.
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { StoreConfig } from '../config.ts';
import type { StoreMetrics } from '../metrics.ts';
import {
  applyMigration,
  loadMigrations,
  MIGRATIONS,
  type Migration,
  pendingMigrations,
} from '../migrate.ts';
import { tableAdjustments } from '../schema/table-settings.ts';
import type { Sql } from '../sql.ts';
import type { InsertOptions, NativeBlock, QueryOptions, QueryParams, Store } from '../store.ts';
import type { Engine } from './engine.ts';
import { Gate } from './gate.ts';
import { DirectoryLock } from './lock.ts';
import { RepeatedInserts } from './repeats.ts';
import { watchStats } from './stats.ts';

export interface MigrationReport {
  /** Migrations that ran, or that would. */
  readonly migrations: readonly Migration[];
  /** Statements that bring existing tables in line with the configuration; a dry run of an empty store has none. */
  readonly adjustments: readonly string[];
}

export interface ManagedStore extends Store {
  /** Brings tables up to date with this program and the configuration. Needs `start` first. */
  migrate(options?: { readonly dryRun?: boolean }): Promise<MigrationReport>;
  /** Writes the API's base URL into the lock of the data directory; does nothing for a server. */
  setApiAddress(url: string): Promise<void>;
}

export interface EngineStoreDeps {
  readonly config: StoreConfig;
  readonly engine: Engine;
  readonly logger: Logger;
  readonly metrics: StoreMetrics;
  readonly clock: Clock;
  /** Where the migration files are; the program's own by default. */
  readonly migrations?: URL;
}

export class EngineStore implements ManagedStore {
  readonly name = 'store';
  private readonly deps: EngineStoreDeps;
  private readonly gate: Gate;
  private readonly repeats: RepeatedInserts;
  private lock: DirectoryLock | undefined;
  private stopStats: (() => Promise<void>) | undefined;
  private state: Health = { state: 'failed', reason: 'not started' };

  constructor(deps: EngineStoreDeps) {
    this.deps = deps;
    this.gate = new Gate('queries', deps.config.reader.concurrency, deps.config.reader.queue);
    this.repeats = new RepeatedInserts(deps.engine, deps.logger);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, engine, clock } = this.deps;
    if (engine.kind === 'chdb') this.lock = await DirectoryLock.take(config.chdb.path, clock.now());
    try {
      await engine.open(signal);
    } catch (error) {
      await this.lock?.release();
      throw error;
    }
    this.stopStats = watchStats(this.deps);
    this.state = { state: 'ok' };
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.state = { state: 'failed', reason: 'stopped' };
    await this.stopStats?.();
    await this.deps.engine.close(limit);
    await this.lock?.release();
    this.lock = undefined;
  }

  health(): Health {
    return this.state;
  }

  async setApiAddress(url: string): Promise<void> {
    await this.lock?.setApiAddress(url);
  }

  insert(block: NativeBlock, options: InsertOptions): Promise<void> {
    return this.insertAll([block], options);
  }

  async insertAll(blocks: readonly NativeBlock[], { token }: InsertOptions): Promise<void> {
    const filled = blocks.filter(({ rows }) => rows > 0);
    if (filled.length === 0) return;
    const { metrics } = this.deps;
    const end = metrics.insertSeconds.startTimer();
    try {
      const { dropped, restored } = await this.repeats.insert(filled, token);
      if (dropped > 0) metrics.repeated.inc({ outcome: 'dropped' }, dropped);
      if (restored > 0) metrics.repeated.inc({ outcome: 'restored' }, restored);
      this.recovered();
    } catch (error) {
      throw this.failed('insert', error);
    }
    end();
    for (const { table, rows, bytes } of filled) {
      metrics.inserts.inc({ table });
      metrics.insertedRows.inc({ table }, rows);
      metrics.insertedBytes.inc({ table }, bytes.length);
    }
  }

  async *query(
    statement: Sql | string,
    params: QueryParams,
    options: QueryOptions = {},
  ): AsyncIterable<readonly unknown[]> {
    const { metrics, engine } = this.deps;
    const signal = options.signal ?? new AbortController().signal;
    const end = metrics.querySeconds.startTimer();
    let rows = 0;
    let outcome = 'aborted';
    let leave: (() => void) | undefined;
    try {
      const entering = options.own ? () => {} : this.gate.enter(signal);
      metrics.queriesWaiting.set(this.gate.waits);
      leave = await entering;
      metrics.queriesRunning.inc();
      const rendered =
        typeof statement === 'string' ? { text: statement, params } : statement.render();
      for await (const row of engine.query(rendered.text, rendered.params, signal, options)) {
        rows++;
        yield row;
      }
      outcome = 'ok';
    } catch (error) {
      if (signal.aborted) throw error;
      const failure = this.failed('query', error);
      outcome = failure instanceof ParallaxError ? failure.code : 'unknown';
      throw failure;
    } finally {
      if (leave !== undefined) {
        leave();
        metrics.queriesRunning.dec();
      }
      metrics.queriesWaiting.set(this.gate.waits);
      metrics.queries.inc({ outcome });
      metrics.queryRows.inc(rows);
      end();
    }
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    try {
      await this.deps.engine.command(sql, params);
    } catch (error) {
      throw this.failed('command', error);
    }
  }

  async migrate({ dryRun = false } = {}): Promise<MigrationReport> {
    const { engine, config, logger, clock } = this.deps;
    const known = await loadMigrations(this.deps.migrations ?? MIGRATIONS);
    if (!dryRun) await engine.createDatabase();
    const migrations = await pendingMigrations(engine, known);
    if (dryRun) {
      const fresh = migrations.length === known.length;
      return { migrations, adjustments: fresh ? [] : await tableAdjustments(engine, config) };
    }
    for (const migration of migrations) {
      await applyMigration(engine, migration, clock.now());
      logger.info({ migration: migration.name }, 'migration ran');
    }
    const adjustments = await tableAdjustments(engine, config);
    for (const statement of adjustments) {
      await engine.command(statement, {});
      logger.info({ statement }, 'table adjusted');
    }
    return { migrations, adjustments };
  }

  private failed(operation: 'insert' | 'query' | 'command', error: unknown): unknown {
    const code = error instanceof ParallaxError ? error.code : 'unknown';
    this.deps.metrics.errors.inc({ operation, code });
    if (operation === 'insert' && this.state.state === 'ok' && error instanceof Error) {
      this.state = { state: 'degraded', reason: error.message };
    }
    return error;
  }

  private recovered(): void {
    if (this.state.state === 'degraded') this.state = { state: 'ok' };
  }
}
