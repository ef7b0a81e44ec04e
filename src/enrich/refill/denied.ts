// Denials and incidents of stored flows, record by record as they were received.

import { DENIAL_SQL } from '../../incident/denial.ts';
import { NS_PER_MS } from '../../runtime/time.ts';
import type { NativeBlock, Store } from '../../store/store.ts';
import { Derivation, type DeriveLimits } from '../derive/derive.ts';
import { inSlots } from './mismatch.ts';
import { STORED_FLOW_COLUMNS, StoredFlows } from './stored-flows.ts';

/** A record is cut here: larger ones are of other programs. */
const MAX_ROWS = 100_000;

/** Makes them slot by slot of one cluster, the oldest first. */
export class DeniedRefill {
  private readonly store: Store;
  private readonly cluster: string;
  private readonly nowMs: number;
  private readonly flows = new StoredFlows();
  private readonly derivation: Derivation;

  constructor(store: Store, cluster: string, limits: DeriveLimits, nowMs: number) {
    this.store = store;
    this.cluster = cluster;
    this.nowMs = nowMs;
    this.derivation = new Derivation(this.flows, this.flows.places, limits);
  }

  /** The blocks of what is stored in a slot. */
  async blocks(slot: number): Promise<readonly NativeBlock[]> {
    const blocks: NativeBlock[] = [];
    const { where, params } = inSlots(this.cluster, [slot]);
    const sql = `SELECT toUnixTimestamp64Milli(received_at) AS received, ${STORED_FLOW_COLUMNS}
      FROM flows WHERE ${where} AND ${DENIAL_SQL} ORDER BY received, time, uuid`;
    let batch: (readonly unknown[])[] = [];
    let receivedMs = 0n;
    for await (const [received, ...values] of this.store.query(sql, params)) {
      const at = BigInt(String(received));
      if (batch.length > 0 && (at !== receivedMs || batch.length >= MAX_ROWS)) {
        blocks.push(...this.derived(batch, receivedMs));
        batch = [];
      }
      receivedMs = at;
      batch.push(values);
    }
    if (batch.length > 0) blocks.push(...this.derived(batch, receivedMs));
    return blocks;
  }

  private derived(rows: readonly (readonly unknown[])[], receivedMs: bigint) {
    const { cluster, flows, derivation, nowMs } = this;
    flows.fill(rows);
    const header = { collector: '', cluster, sequence: 0, receivedAt: receivedMs * NS_PER_MS };
    return derivation.denials(rows.length, header, nowMs);
  }
}
