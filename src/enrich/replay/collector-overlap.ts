// Detects several collectors of one cluster that publish at the same time: an unmarked batch may then repeat what another
// collector published, and is looked up as a replay is. The proof is in docs/decisions/0010.

import type { BusRecord } from '../../bus/bus.ts';
import type { FlowBatchHeader } from '../../hubble/proto/batch.ts';
import { HOUR_MS, nsToMs } from '../../runtime/time.ts';
import type { Store } from '../../store/store.ts';

/** A collector that published nothing for this long has nothing that another may still receive. */
const WINDOW_MS = HOUR_MS;
/** A collector reports each minute at least: it may have published for so long after its last stored report. */
const REPORT_MS = 65_000;

/** One run of a collector process. */
interface CollectorRun {
  /** Its first report was seen here, so all that published since are known. */
  readonly completeFromStart: boolean;
  /** Arrival of the newest record that another run published since this one was seen first. */
  overlapMs: number;
  lastMs: number;
}

interface Cluster {
  readonly name: string;
  readonly runs: Map<string, CollectorRun>;
  /** Resolves when what was stored before has been taken in. */
  seeded: Promise<void> | undefined;
}

export class CollectorOverlap {
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
    const { runs } = known;
    const own = runs.get(collector) ?? this.begin(known, header, atMs);
    own.lastMs = Math.max(own.lastMs, atMs);
    runs.set(collector, own);
    for (const [other, run] of runs) {
      if (run === own) continue;
      run.overlapMs = Math.max(run.overlapMs, atMs);
      if (run.lastMs < atMs - WINDOW_MS) runs.delete(other);
    }
    return async () => {
      if (!own.completeFromStart) {
        known.seeded ??= this.seed(known, atMs);
        await known.seeded;
      }
      return own.overlapMs >= atMs - WINDOW_MS;
    };
  }

  /** A run seen for the first time, or again after it was forgotten. */
  private begin({ runs }: Cluster, header: FlowBatchHeader, atMs: number): CollectorRun {
    // A batch of repeats is never a run's first record: its report came before, and perhaps others after that.
    const run = newRun(header.sequence === 0 && !header.replay, atMs);
    for (const { lastMs } of runs.values()) {
      // Flows received after this run began may come twice, though they were published before its first report: a report
      // waits while the bus cannot be reached. And a forgotten run may have overlapped with others all along.
      if (!run.completeFromStart || lastMs >= atMs) run.overlapMs = Math.max(run.overlapMs, lastMs);
    }
    return run;
  }

  private known(key: string, name: string): Cluster {
    const found = this.clusters.get(key);
    if (found) return found;
    const made: Cluster = { name, runs: new Map(), seeded: undefined };
    this.clusters.set(key, made);
    return made;
  }

  /** A collector's first report comes before its flows, so the table `coverage` has every run that has stored any. */
  private async seed(known: Cluster, atMs: number): Promise<void> {
    const { name: cluster, runs } = known;
    const sql = `SELECT collector, toUnixTimestamp64Milli(min(received_at)), toUnixTimestamp64Milli(max(received_at))
      FROM coverage WHERE cluster = {cluster:String} AND minute >= fromUnixTimestamp({from:Int64})
      GROUP BY collector`;
    const from = BigInt(Math.max(0, Math.floor((atMs - WINDOW_MS) / 1000)));
    const stored: { run: string; firstMs: number; lastMs: number }[] = [];
    try {
      for await (const [run, first, last] of this.store.query(sql, { cluster, from }))
        stored.push({ run: String(run), firstMs: Number(first), lastMs: Number(last) });
    } catch (error) {
      // Asked again when the record is tried again.
      known.seeded = undefined;
      throw error;
    }
    for (const { run, firstMs, lastMs } of stored) {
      const own = runs.get(run) ?? newRun(false, lastMs);
      if (own.completeFromStart) continue;
      for (const other of stored)
        if (other.run !== run && other.lastMs + REPORT_MS >= firstMs)
          own.overlapMs = Math.max(own.overlapMs, other.lastMs);
      runs.set(run, own);
    }
  }

  private forget(place: string): void {
    for (const key of this.clusters.keys())
      if (key.startsWith(`${place}:`)) this.clusters.delete(key);
  }
}

function newRun(completeFromStart: boolean, lastMs: number): CollectorRun {
  return { completeFromStart, overlapMs: Number.NEGATIVE_INFINITY, lastMs };
}
