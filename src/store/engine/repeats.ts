// Checks inserts that the engine dropped as repeated. ClickHouse records a token before it puts the part in place: killed in
// between, it believes that it has rows it lost. So one row of a dropped insert is looked for, and without it the block is
// inserted again under a token made from the first.
import type { Logger } from 'pino';
import { ParallaxError } from '../../runtime/errors.ts';
import { firstRow, uuidText } from '../native/native-peek.ts';
import type { NativeBlock, QueryParams } from '../store.ts';
import type { Engine } from './engine.ts';

/** Rows that are added up with others: what says that those of a record are among them. */
const ADDED_UP: Readonly<Record<string, string>> = { flow_totals: 'time_slot', incidents: 'hour' };

const TRIES = 5;
const NO_SIGNAL = new AbortController().signal;

export interface RepeatCounts {
  /** Blocks that were stored before. */
  dropped: number;
  /** Blocks whose rows were lost and are stored again. */
  restored: number;
}

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

  /** Stores blocks of different tables in their order, under one token. */
  async insert(blocks: readonly NativeBlock[], token: string): Promise<RepeatCounts> {
    const counts = { dropped: 0, restored: 0 };
    let left = blocks;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const before = this.seen ?? (await this.look());
      for (const block of left)
        await this.engine.insert(block, attempt === 0 ? token : `${token}#${attempt}`);
      const now = await this.look();
      // Another writer's drop changes the count too, and a restart of the server: then one look too many is taken.
      if (now === before) return counts;
      const lost: NativeBlock[] = [];
      for (const block of left) if (!(await this.has(block))) lost.push(block);
      if (attempt === 0) counts.dropped = Math.min(left.length - lost.length, drops(before, now));
      if (lost.length === 0) return counts;
      counts.restored = Math.max(counts.restored, lost.length);
      left = lost;
      this.logger.warn(
        { blocks: lost.map(({ table, rows }) => ({ table, rows })), token, attempt },
        'lost rows inserted again',
      );
    }
    const vanished = left.map(({ table, rows }) => `${rows} rows for ${table}`);
    throw new ParallaxError(
      'store/rejected',
      `${vanished.join(', ')} vanish on every insert (token ${token}); ` +
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
        // Without it, rows that the engine loses when it is killed within an insert stay lost.
        { err: error, cure: 'grant SELECT on system.events' },
        'system.events not readable',
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

/** How often the engine dropped a block between two looks. */
function drops(before: bigint | undefined, now: bigint | undefined): number {
  return before === undefined || now === undefined || now < before ? 1 : Number(now - before);
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
