// Blocks of made flows, small or large, for tests of the store.

import { encodeRows, type Row } from '../../src/store/native/native-rows.ts';
import { FLOW_COLUMNS } from '../../src/store/schema/columns.ts';
import type { NativeBlock } from '../../src/store/store.ts';

export const NANOS = 1_000_000_000n;
const SLOT = 300n * NANOS;

export interface BlockOptions {
  readonly rows: number;
  /** What tells this block's rows: their `relay`. */
  readonly mark: string;
  /** Nanoseconds since 1970 of the first row; the next are a microsecond apart. */
  readonly time?: bigint;
  /** Milliseconds since 1970. */
  readonly receivedAt?: number;
  /** More cells of row i. */
  readonly cells?: (i: number) => Row;
}

const NOW = Date.now();

/** The five-minute slot of a time, rounded down, before 1970 too. */
export function slotOf(time: bigint): number {
  return Number(time / SLOT) - (time % SLOT < 0n ? 1 : 0);
}

/** A uuid that only this mark and row have. */
export function uuidOf(mark: string, row: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.write(mark.padEnd(12, '\0').slice(-12), 0, 'latin1');
  bytes.writeUInt32BE(row, 12);
  return bytes;
}

export function flowBlock({ rows, mark, time, receivedAt, cells }: BlockOptions): NativeBlock {
  const start = time ?? BigInt(NOW) * 1_000_000n;
  const made: Row[] = [];
  for (let i = 0; i < rows; i++) {
    const at = start + BigInt(i) * 1000n;
    made.push({
      cluster: 'east',
      relay: mark,
      received_at: BigInt(receivedAt ?? NOW),
      time_slot: slotOf(at),
      time: at,
      uuid: uuidOf(mark, i),
      verdict: i % 50 === 0 ? 2 : 1,
      source_pod_name: `pod-${i % 7}`,
      source_labels: `k8s:app=pod-${i % 7}\nk8s:io.kubernetes.pod.namespace=team`,
      destination_port: 8080,
      ...cells?.(i),
    });
  }
  return encodeRows('flows', FLOW_COLUMNS, made);
}
