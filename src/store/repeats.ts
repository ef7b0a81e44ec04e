// What a dropped insert means. ClickHouse writes down a token before it puts the part in place; killed in between, it
// believes for ever that it has rows it lost. So when an insert was dropped as known, one row of it is looked for, and
// without it the block goes in again under a token made from the first.
import type { Logger } from 'pino';
import { ParallaxError } from '../runtime/errors.ts';
import type { Engine } from './engine.ts';
import { firstRow, uuidText } from './native-peek.ts';
import type { NativeBlock, QueryParams } from './store.ts';

/** Rows that are added up with others: what says that those of a record are among them. */
const ADDED_UP: Readonly<Record<string, string>> = { flow_totals: 'time_slot', incidents: 'hour' };

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

  /** Whether the block's rows are stored, going by the first; true when it has nothing to look for. */
  private async has(block: NativeBlock): Promise<boolean> {
    const slot = ADDED_UP[block.table];
    const question = slot === undefined ? rowOf(block) : recordOf(block, slot);
    if (question === undefined) return true;
    const sql = `SELECT 1 FROM ${block.table} WHERE ${question.where} LIMIT 1`;
    for await (const _ of this.engine.query(sql, question.params, NO_SIGNAL)) return true;
    return false;
  }
}

interface Question {
  readonly where: string;
  readonly params: QueryParams;
}

function rowOf(block: NativeBlock): Question | undefined {
  const row = firstRow(block, ['received_at', 'uuid']);
  const receivedAt = row?.get('received_at');
  const uuid = row?.get('uuid');
  if (receivedAt === undefined || uuid === undefined) return undefined;
  return {
    where: `received_at = fromUnixTimestamp64Milli({received_at:Int64}, 'UTC') AND uuid = {uuid:UUID}`,
    params: { received_at: receivedAt.readBigInt64LE(), uuid: uuidText(uuid) },
  };
}

/** Records of one origin are stored in their order: with a later one in a row, this one is in the table. */
function recordOf(block: NativeBlock, slot: string): Question | undefined {
  const row = firstRow(block, [slot, 'origin', 'sequence']);
  const [at, origin, sequence] = [row?.get(slot), row?.get('origin'), row?.get('sequence')];
  if (at === undefined || origin === undefined || sequence === undefined) return undefined;
  return {
    where: `${slot} = {slot:Int32} AND origin = {origin:UInt64} AND sequence >= {sequence:UInt64}`,
    params: {
      slot: at.readInt32LE(),
      origin: origin.readBigUInt64LE(),
      sequence: sequence.readBigUInt64LE(),
    },
  };
}
