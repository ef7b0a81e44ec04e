// Which responses of a replayed batch are stored already. The uuids are asked for, never a window's rows, so that
// the answer is never larger than the batch.
import type { Store } from '../store/store.ts';

/** Uuids asked for in one query: they stand in it twice, and ClickHouse parses no more than 256 KiB of a statement. */
const UUIDS_PER_QUERY = 2000;

export interface BatchIdentities {
  /** 16 bytes a response, in canonical order. */
  readonly uuids: Uint8Array;
  /** Bounds of the `time` column over the batch, nanoseconds since 1970. */
  readonly minTime: bigint;
  readonly maxTime: bigint;
}

const QUERY = `SELECT toString(uuid) FROM flows
WHERE time_slot BETWEEN {slot_from:Int32} AND {slot_to:Int32}
  AND time BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND uuid IN {uuids:Array(UUID)}
UNION ALL
SELECT toString(uuid) FROM events
WHERE time BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND uuid IN {uuids:Array(UUID)}`;

const SLOT_NS = 300_000_000_000n;

/**
 * One byte a response: 1 where its uuid is stored already or occurred earlier in the batch.
 * Throws what the store throws.
 */
export async function findStored(store: Store, batch: BatchIdentities): Promise<Uint8Array> {
  const { uuids, minTime, maxTime } = batch;
  const count = uuids.length / 16;
  const mask = new Uint8Array(count);
  const indexOf = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const uuid = uuidText(uuids, i);
    if (indexOf.has(uuid)) mask[i] = 1;
    else indexOf.set(uuid, i);
  }
  const asked = [...indexOf.keys()];
  for (let at = 0; at < asked.length; at += UUIDS_PER_QUERY) {
    const rows = store.query(QUERY, {
      slot_from: Number(floorDiv(minTime, SLOT_NS)),
      slot_to: Number(floorDiv(maxTime, SLOT_NS)),
      from: minTime,
      to: maxTime,
      uuids: asked.slice(at, at + UUIDS_PER_QUERY),
    });
    for await (const [uuid] of rows) {
      const index = indexOf.get(String(uuid));
      if (index !== undefined) mask[index] = 1;
    }
  }
  return mask;
}

function uuidText(uuids: Uint8Array, index: number): string {
  const hex = Buffer.from(uuids.buffer, uuids.byteOffset + index * 16, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
