// What a dropped insert means. ClickHouse writes down a token before it puts the part in place; killed in between, it
// believes for ever that it has rows it lost. So when an insert was dropped as known, one row of it is looked for, and
// without it the block goes in again under a token made from the first.
import type { Logger } from 'pino';
import { ParallaxError } from '../runtime/errors.ts';
import type { Engine } from './engine.ts';
import { firstRow, uuidText } from './native-peek.ts';
import type { NativeBlock } from './store.ts';

const TRIES = 5;
const NO_SIGNAL = new AbortController().signal;

export type RepeatOutcome = 'new' | 'dropped' | 'restored';

export class RepeatedInserts {
  private readonly engine: Engine;
  private readonly logger: Logger;
  /** The engine's count of dropped blocks at the last look. */
  private seen: bigint | undefined;
  private blind = false;

  constructor(engine: Engine, logger: Logger) {
    this.engine = engine;
    this.logger = logger;
  }

  async insert(block: NativeBlock, token: string): Promise<RepeatOutcome> {
    let outcome: RepeatOutcome = 'new';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const before = this.seen ?? (await this.look());
      await this.engine.insert(block, attempt === 0 ? token : `${token}#${attempt}`);
      const now = await this.look();
      // Another writer's drop changes the count too, and a restart of the server: then one look too many is taken.
      if (now === before) return outcome;
      if (await this.has(block)) return outcome === 'new' ? 'dropped' : outcome;
      this.logger.warn(
        { table: block.table, rows: block.rows, token, attempt },
        'the store knows the token of an insert whose rows it lost; inserting them again',
      );
      outcome = 'restored';
    }
    throw new ParallaxError(
      'store/rejected',
      `${block.rows} rows for ${block.table} vanish on every insert (token ${token}); ` +
        'are they older than store.retention?',
    );
  }

  private async look(): Promise<bigint | undefined> {
    if (this.blind) return undefined;
    const sql = `SELECT value FROM system.events WHERE event = 'DuplicatedInsertedBlocks'`;
    let count = 0n;
    try {
      for await (const [value] of this.engine.query(sql, {}, NO_SIGNAL))
        count = BigInt(String(value));
    } catch (error) {
      if (error instanceof ParallaxError && error.retriable) throw error;
      this.blind = true;
      this.seen = undefined;
      this.logger.warn(
        { err: error },
        'cannot read system.events: rows the engine loses when it is killed within an insert stay lost; ' +
          'grant SELECT on system.events',
      );
      return undefined;
    }
    this.seen = count;
    return count;
  }

  /** Whether the block's first row is stored; true when the block has nothing to look for. */
  private async has(block: NativeBlock): Promise<boolean> {
    const row = firstRow(block, ['received_at', 'uuid']);
    const receivedAt = row?.get('received_at');
    const uuid = row?.get('uuid');
    if (receivedAt === undefined || uuid === undefined) return true;
    const sql = `SELECT 1 FROM ${block.table}
      WHERE received_at = fromUnixTimestamp64Milli({received_at:Int64}, 'UTC') AND uuid = {uuid:UUID} LIMIT 1`;
    const params = { received_at: receivedAt.readBigInt64LE(), uuid: uuidText(uuid) };
    for await (const _ of this.engine.query(sql, params, NO_SIGNAL)) return true;
    return false;
  }
}
