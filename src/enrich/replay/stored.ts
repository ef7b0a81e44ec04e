// Finds the responses of a replayed batch that are stored already. The writer remembers what it stored itself; nearly all
// of the rest is newer than anything else stored, which one cheap query finds. The store is queried for the uuids that
// remain, never for a window's rows, so that an answer is never larger than the batch.
import { IMPORT_RELAY } from '../../hubble/proto/batch.ts';
import { floorDiv } from '../../hubble/proto/timestamp.ts';
import { MINUTE_NS, SECOND_NS } from '../../runtime/time.ts';
import type { QueryParams, Store } from '../../store/store.ts';
import type { BatchIdentities } from '../project/identify.ts';
import { MAX_SECONDS } from '../project/int64.ts';
import type { RecentCluster } from './recent.ts';
import { UuidTable } from './uuid-table.ts';

/** Uuids asked for in one query: they stand in it twice, and ClickHouse parses no more than 256 KiB of a statement. */
const UUIDS_PER_QUERY = 2000;

const SLOT_NS = 5n * MINUTE_NS;
/** The newest time a row can have. */
export const FAR = BigInt(MAX_SECONDS) * SECOND_NS + 999_999_999n;

const IN_WINDOW = `time BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND ({cluster:String} = '' OR cluster = {cluster:String})`;
const FLOWS_IN_WINDOW = `flows WHERE time_slot BETWEEN {slot_from:Int32} AND {slot_to:Int32} AND ${IN_WINDOW}`;
const EVENTS_IN_WINDOW = `events WHERE ${IN_WINDOW}`;

// What a writer remembers is all there is after a moment, but for what an import put there, and what a replay put back
// of the records before those that are remembered.
const NOT_REMEMBERED = `(time <= fromUnixTimestamp64Nano({floor:Int64}, 'UTC')
  OR relay = '${IMPORT_RELAY}' OR received_at < fromUnixTimestamp64Milli({since:Int64}, 'UTC'))`;
const NEWEST = `SELECT toString(toUnixTimestamp64Nano(max(newest))) FROM (
  SELECT max(time) AS newest, count() AS rows FROM ${FLOWS_IN_WINDOW} AND ${NOT_REMEMBERED}
  UNION ALL
  SELECT max(time) AS newest, count() AS rows FROM ${EVENTS_IN_WINDOW} AND ${NOT_REMEMBERED}
) WHERE rows > 0 HAVING count() > 0`;

const STORED = `SELECT toString(uuid) FROM ${FLOWS_IN_WINDOW} AND uuid IN {uuids:Array(UUID)}
UNION ALL
SELECT toString(uuid) FROM ${EVENTS_IN_WINDOW} AND uuid IN {uuids:Array(UUID)}`;

export interface StoredQuestion {
  readonly store: Store;
  readonly batch: BatchIdentities;
  /** The batch's; with '' (an import that left it to the node names) any cluster counts. */
  readonly cluster: string;
  /** What the writer remembers of the cluster. */
  readonly recent?: RecentCluster;
  /** So many uuids are about to be asked for. */
  readonly asking: (uuids: number) => void;
}

/**
 * One byte a response: 1 where its uuid is stored already, for this cluster, or occurred earlier in the batch. The store
 * is queried only for what memory does not have. Throws what the store throws.
 */
export async function findStored(question: StoredQuestion): Promise<Uint8Array> {
  const { store, batch, cluster, recent, asking } = question;
  const { uuids, times, minTime } = batch;
  const mask = new Uint8Array(times.length);
  const mark = (index: number) => {
    mask[index] = 1;
  };
  const table = new UuidTable(uuids, mark);
  for (const stored of recent?.stored ?? []) {
    if (stored.maxTime >= minTime && stored.minTime <= batch.maxTime)
      table.find(stored.uuids, mark);
  }
  if (!mask.includes(0)) return mask;
  const window = params(minTime, batch.maxTime, cluster);
  const newest = await newestStored(store, window, recent?.floor ?? FAR, recent?.sinceMs);
  if (newest === undefined) return mask;
  const indexOf = new Map<string, number>();
  for (let i = 0; i < times.length; i++) {
    if (mask[i] === 0 && (times[i] ?? 0n) <= newest) indexOf.set(uuidText(uuids, i), i);
  }
  asking(indexOf.size);
  const asked = [...indexOf.keys()];
  for (let at = 0; at < asked.length; at += UUIDS_PER_QUERY) {
    const part = asked.slice(at, at + UUIDS_PER_QUERY);
    const until = params(minTime, newest, cluster);
    for await (const [uuid] of store.query(STORED, { ...until, uuids: part })) {
      const index = indexOf.get(String(uuid));
      if (index !== undefined) mark(index);
    }
  }
  return mask;
}

/** The newest time stored of a cluster, just before `from` when there is nothing from there on. */
export async function storedUpTo(store: Store, from: bigint, cluster: string): Promise<bigint> {
  return (await newestStored(store, params(from, FAR, cluster), FAR)) ?? from - 1n;
}

/** The newest time stored within a window and not remembered; undefined when nothing is. */
async function newestStored(
  store: Store,
  window: QueryParams,
  floor: bigint,
  since = 0n,
): Promise<bigint | undefined> {
  let newest: bigint | undefined;
  for await (const [time] of store.query(NEWEST, { ...window, floor, since })) {
    newest = BigInt(String(time));
  }
  return newest;
}

function params(from: bigint, to: bigint, cluster: string): QueryParams {
  return {
    from,
    to,
    slot_from: Number(floorDiv(from, SLOT_NS)),
    slot_to: Number(floorDiv(to, SLOT_NS)),
    cluster,
  };
}

function uuidText(uuids: Uint8Array, index: number): string {
  const hex = Buffer.from(uuids.buffer, uuids.byteOffset + index * 16, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
