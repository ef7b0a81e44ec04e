// Tells when several collectors of one cluster publish at the same time: then an unmarked batch may hold what another
// of them published before it, and is looked up as a replay is. The proof is in docs/decisions/0010.

import type { BusRecord } from '../../bus/bus.ts';
import type { FlowBatchHeader } from '../../hubble/proto/batch.ts';
import { HOUR_MS, nsToMs } from '../../runtime/time.ts';
import type { Store } from '../../store/store.ts';

/** One that published nothing for this long has nothing that another may still receive. */
const WINDOW_MS = HOUR_MS;
/** A life reports each minute at least: it may have published for so long after its last report that is stored. */
const REPORT_MS = 65_000;

interface Life {
  /** Its first report was seen here, so everyone who published since is known. */
  readonly whole: boolean;
  /** Arrival of the newest record that another life published since this one was heard of first. */
  rivalMs: number;
  lastMs: number;
}

interface Cluster {
  readonly name: string;
  readonly lives: Map<string, Life>;
  /** Resolves when what was stored before has been taken in. */
  seeded: Promise<void> | undefined;
}

export class Rivals {
  private readonly store: Pick<Store, 'query'>;
  private readonly clusters = new Map<string, Cluster>();
  private readonly offsets = new Map<string, bigint>();

  constructor(store: Pick<Store, 'query'>) {
    this.store = store;
  }

  /**
   * Takes a record in the order of its partition, before anything is awaited. The function returned says, once what
   * the store knows is known, whether flows of the record may have been published by another collector.
   */
  note(record: BusRecord, header: FlowBatchHeader): () => Promise<boolean> {
    const { topic, partition, offset } = record;
    const place = `${topic}:${partition}`;
    // Another writer had the partition meanwhile: what was known is old.
    const expected = this.offsets.get(place);
    if (expected !== undefined && expected !== offset) this.forget(place);
    this.offsets.set(place, offset + 1n);
    const { cluster, collector } = header;
    if (collector === '' || cluster === '') return async () => false;
    const atMs = nsToMs(header.receivedAt);
    const known = this.known(`${place}:${cluster}`, cluster);
    const { lives } = known;
    const own = lives.get(collector) ?? this.begin(known, header, atMs);
    own.lastMs = Math.max(own.lastMs, atMs);
    lives.set(collector, own);
    for (const [other, life] of lives) {
      if (life === own) continue;
      life.rivalMs = Math.max(life.rivalMs, atMs);
      if (life.lastMs < atMs - WINDOW_MS) lives.delete(other);
    }
    return async () => {
      if (!own.whole) {
        known.seeded ??= this.seed(known, atMs);
        await known.seeded;
      }
      return own.rivalMs >= atMs - WINDOW_MS;
    };
  }

  /** A life that is heard of for the first time, or again after it was forgotten. */
  private begin({ lives }: Cluster, header: FlowBatchHeader, atMs: number): Life {
    // A batch of repeats is never a life's first record: its report came before, and perhaps others behind that.
    const life = newLife(header.sequence === 0 && !header.replay, atMs);
    for (const { lastMs } of lives.values()) {
      // What was received after this life began may come twice, though it was published before its first report: a
      // report waits while the bus cannot be reached. And a life that was forgotten may have had rivals all along.
      if (!life.whole || lastMs >= atMs) life.rivalMs = Math.max(life.rivalMs, lastMs);
    }
    return life;
  }

  private known(key: string, name: string): Cluster {
    const found = this.clusters.get(key);
    if (found) return found;
    const made: Cluster = { name, lives: new Map(), seeded: undefined };
    this.clusters.set(key, made);
    return made;
  }

  /** A collector's first report comes before its flows, so the ledger knows every life that has stored any. */
  private async seed(known: Cluster, atMs: number): Promise<void> {
    const { name: cluster, lives } = known;
    const sql = `SELECT collector, toUnixTimestamp64Milli(min(received_at)), toUnixTimestamp64Milli(max(received_at))
      FROM coverage WHERE cluster = {cluster:String} AND minute >= fromUnixTimestamp({from:Int64})
      GROUP BY collector`;
    const from = BigInt(Math.max(0, Math.floor((atMs - WINDOW_MS) / 1000)));
    const stored: { life: string; firstMs: number; lastMs: number }[] = [];
    try {
      for await (const [life, first, last] of this.store.query(sql, { cluster, from }))
        stored.push({ life: String(life), firstMs: Number(first), lastMs: Number(last) });
    } catch (error) {
      // Asked again when the record is tried again.
      known.seeded = undefined;
      throw error;
    }
    for (const { life, firstMs, lastMs } of stored) {
      const own = lives.get(life) ?? newLife(false, lastMs);
      if (own.whole) continue;
      for (const other of stored)
        if (other.life !== life && other.lastMs + REPORT_MS >= firstMs)
          own.rivalMs = Math.max(own.rivalMs, other.lastMs);
      lives.set(life, own);
    }
  }

  private forget(place: string): void {
    for (const key of this.clusters.keys())
      if (key.startsWith(`${place}:`)) this.clusters.delete(key);
  }
}

function newLife(whole: boolean, lastMs: number): Life {
  return { whole, rivalMs: Number.NEGATIVE_INFINITY, lastMs };
}
