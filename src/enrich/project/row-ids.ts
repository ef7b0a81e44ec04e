// The ids and the time range of the rows of a batch, which the writer remembers after it has stored them.
import type { EventIdentity } from './events.ts';
import type { Columns } from './rows.ts';

export interface RowIds {
  /** 16 bytes a row, in canonical order. */
  readonly uuids: Buffer;
  /** Bounds of the rows' times, nanoseconds since 1970; both 0 when there are no rows. */
  readonly minTime: bigint;
  readonly maxTime: bigint;
}

export function rowIds(
  { uuid, time }: Pick<Columns, 'uuid' | 'time'>,
  rows: number,
  events: readonly EventIdentity[],
): RowIds {
  const uuids = Buffer.allocUnsafeSlow(16 * (rows + events.length));
  uuids.set(uuid.subarray(0, 16 * rows));
  // ClickHouse keeps each half the other way round.
  uuids.subarray(0, 16 * rows).swap64();
  const times = new BigInt64Array(time.buffer, time.byteOffset, rows);
  let minTime = times[0] ?? events[0]?.time ?? 0n;
  let maxTime = minTime;
  for (let row = 0; row < rows; row++) {
    const at = times[row] ?? 0n;
    if (at < minTime) minTime = at;
    else if (at > maxTime) maxTime = at;
  }
  events.forEach((event, i) => {
    uuids.set(event.uuid, 16 * (rows + i));
    if (event.time < minTime) minTime = event.time;
    if (event.time > maxTime) maxTime = event.time;
  });
  return { uuids, minTime, maxTime };
}
