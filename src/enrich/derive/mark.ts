// The record that rows were made from. Rows of `incidents` and `flow_totals` are added up with others, so that none can be
// looked for by itself; `origin` and `sequence` say which records of one collector's run are in them.
import { createHash } from 'node:crypto';
import type { FlowBatchHeader } from '../../hubble/proto/batch.ts';
import { NS_PER_MS } from '../../runtime/time.ts';

export type RecordFacts = Pick<
  FlowBatchHeader,
  'collector' | 'cluster' | 'sequence' | 'receivedAt'
>;

export interface RecordMark {
  /** Of the collector's life and the cluster. */
  readonly origin: bigint;
  /** Of the record within it. */
  readonly sequence: bigint;
  readonly receivedAtMs: bigint;
}

export function recordMark({ collector, cluster, sequence, receivedAt }: RecordFacts): RecordMark {
  const origin = createHash('sha256')
    .update(JSON.stringify([collector, cluster]))
    .digest();
  return {
    origin: origin.readBigUInt64BE(),
    sequence: BigInt(sequence),
    receivedAtMs: receivedAt / NS_PER_MS,
  };
}
