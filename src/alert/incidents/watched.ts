// How long a cluster was collected since a moment, by the coverage ledger: only where somebody looked is silence the
// end of an incident.
import { MINUTE_MS, msToNs, nsToMs } from '../../runtime/time.ts';
import type { Store } from '../../store/store.ts';

/** A stretch in which a collector's stream was open, milliseconds since 1970. */
interface Stretch {
  readonly fromMs: number;
  toMs: number;
}

export class Watched {
  private readonly clusters: ReadonlyMap<string, readonly Stretch[]>;

  constructor(clusters: ReadonlyMap<string, readonly Stretch[]>) {
    this.clusters = clusters;
  }

  /** Nanoseconds. */
  since(cluster: string, nanos: bigint): bigint {
    const sinceMs = nsToMs(nanos);
    const stretches = this.clusters.get(cluster) ?? [];
    const ms = stretches.reduce(
      (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
      0,
    );
    return msToNs(Math.floor(ms));
  }
}

/** Reads what collectors reported of whole relays from that moment on. */
export async function readWatched(
  store: Pick<Store, 'query'>,
  clusters: readonly string[],
  sinceMs: number,
  signal: AbortSignal,
): Promise<Watched> {
  // A report covers a quarter of a minute and is dated by its end; `minute` is that of its beginning.
  const sql = `SELECT cluster, toUnixTimestamp64Milli(received_at) - up_ms AS from_ms, toUnixTimestamp64Milli(received_at)
    FROM coverage WHERE cluster IN {clusters:Array(String)} AND node = '' AND up_ms > 0
      AND minute >= fromUnixTimestamp({minute:Int64}) ORDER BY cluster, from_ms`;
  const minute = BigInt(Math.max(0, Math.floor(sinceMs / MINUTE_MS) - 1) * 60);
  const found = new Map<string, Stretch[]>();
  for await (const row of store.query(sql, { clusters, minute }, { signal, own: true })) {
    const cluster = String(row[0]);
    const stretch = { fromMs: Number(row[1]), toMs: Number(row[2]) };
    const stretches = found.get(cluster) ?? [];
    found.set(cluster, stretches);
    // Two collectors of one cluster see the same time once.
    const last = stretches.at(-1);
    if (last !== undefined && stretch.fromMs <= last.toMs)
      last.toMs = Math.max(last.toMs, stretch.toMs);
    else stretches.push(stretch);
  }
  return new Watched(found);
}
