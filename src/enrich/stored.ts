// Which responses of a replayed batch are stored already. Nearly all of a live stream that is marked as replay is newer
// than anything stored, which one cheap question tells; the uuids of the rest are asked for, never a window's rows, so
// that an answer is never larger than the batch.
import type { QueryParams, Store } from '../store/store.ts';
import type { BatchIdentities } from './project/identify.ts';

/** Uuids asked for in one query: they stand in it twice, and ClickHouse parses no more than 256 KiB of a statement. */
const UUIDS_PER_QUERY = 2000;

const SLOT_NS = 300_000_000_000n;

const IN_WINDOW = `time BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND ({cluster:String} = '' OR cluster = {cluster:String})`;
const FLOWS_IN_WINDOW = `flows WHERE time_slot BETWEEN {slot_from:Int32} AND {slot_to:Int32} AND ${IN_WINDOW}`;
const EVENTS_IN_WINDOW = `events WHERE ${IN_WINDOW}`;

const NEWEST = `SELECT toString(toUnixTimestamp64Nano(max(newest))) FROM (
  SELECT max(time) AS newest, count() AS rows FROM ${FLOWS_IN_WINDOW}
  UNION ALL
  SELECT max(time) AS newest, count() AS rows FROM ${EVENTS_IN_WINDOW}
) WHERE rows > 0 HAVING count() > 0`;

const STORED = `SELECT toString(uuid) FROM ${FLOWS_IN_WINDOW} AND uuid IN {uuids:Array(UUID)}
UNION ALL
SELECT toString(uuid) FROM ${EVENTS_IN_WINDOW} AND uuid IN {uuids:Array(UUID)}`;

/**
 * One byte a response: 1 where its uuid is stored already, for this cluster, or occurred earlier in the batch.
 * `cluster` is the batch's; with '' (an import that left it to the node names) any cluster counts. Throws what the
 * store throws.
 */
export async function findStored(
  store: Store,
  batch: BatchIdentities,
  cluster: string,
): Promise<Uint8Array> {
  const { uuids, times, minTime } = batch;
  const mask = new Uint8Array(times.length);
  const newest = await newestStored(store, batch, cluster);
  const indexOf = new Map<string, number>();
  const asked: string[] = [];
  for (let i = 0; i < times.length; i++) {
    const uuid = uuidText(uuids, i);
    if (indexOf.has(uuid)) {
      mask[i] = 1;
      continue;
    }
    indexOf.set(uuid, i);
    if (newest !== undefined && (times[i] ?? 0n) <= newest) asked.push(uuid);
  }
  for (let at = 0; at < asked.length; at += UUIDS_PER_QUERY) {
    const part = asked.slice(at, at + UUIDS_PER_QUERY);
    const window = params(minTime, newest ?? minTime, cluster);
    for await (const [uuid] of store.query(STORED, { ...window, uuids: part })) {
      const index = indexOf.get(String(uuid));
      if (index !== undefined) mask[index] = 1;
    }
  }
  return mask;
}

/** The newest time stored within the batch's range; undefined when nothing is. */
async function newestStored(
  store: Store,
  { minTime, maxTime }: BatchIdentities,
  cluster: string,
): Promise<bigint | undefined> {
  let newest: bigint | undefined;
  for await (const [time] of store.query(NEWEST, params(minTime, maxTime, cluster))) {
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

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
