// How connections write times.
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';

export function timeText(nanos: bigint): string {
  return formatTimestamp(fromNanos(nanos)) ?? String(nanos);
}
