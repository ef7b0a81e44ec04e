// Reports of coverage to rows of the table `coverage`: field by field, since the names are the same.

import { decodeFact } from '../hubble/coverage.ts';
import type { FlowBatch } from '../hubble/proto/batch.ts';
import { NS_PER_MS } from '../runtime/time.ts';
import { encodeRows, type Row } from '../store/native/native-rows.ts';
import { COVERAGE_COLUMNS } from '../store/schema/coverage-columns.ts';
import type { NativeBlock } from '../store/store.ts';
import { CANONICAL, makeUuid } from './project/uuid.ts';

/** Undefined when the batch has no facts. Throws `hubble/malformed`. */
export function coverageBlock({ header, facts }: FlowBatch): NativeBlock | undefined {
  if (facts.length === 0) return undefined;
  const { cluster, relay, collector, sequence, receivedAt } = header;
  const life = Buffer.from(`${collector}:${sequence}`);
  const rows = facts.map((bytes): Row => {
    // A fact has the columns' names; all of its values are numbers, bigints or texts.
    const { $unknown, ...fact } = decodeFact(bytes) as Row & { $unknown?: Uint8Array };
    const uuid = new Uint8Array(16);
    makeUuid('coverage', [life, bytes], uuid, 0, CANONICAL);
    const received_at = receivedAt / NS_PER_MS;
    return { ...fact, cluster, relay, received_at, uuid, collector, sequence };
  });
  return encodeRows('coverage', COVERAGE_COLUMNS, rows);
}
