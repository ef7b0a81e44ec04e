// Counts the flows of a batch by five-minute slot, source, destination and verdict: the rows of the table `flow_totals`.
// Every flow passes here, so nothing makes an object or a string for one.
import { sourceCalls } from '../../incident/caller.ts';
import { FLOW_TOTAL_COLUMNS, STORED_HAS_REPORTED_ENDS } from '../../store/schema/denial-columns.ts';
import type { NativeBlock } from '../../store/store.ts';
import { grown } from '../project/byte-table.ts';
import type { FlowTable } from './flow-table.ts';
import { KeyTable } from './key-table.ts';
import type { RecordMark } from './mark.ts';
import type { Parties } from './parties.ts';
import { type BlockMemory, TableBlock } from './table-block.ts';

/** Words of a key: slot, source, destination, cluster and who calls, reason and port, then the small numbers. */
const WIDTH = 6;

export interface TotalsLimits {
  readonly maxRows: number;
}

export class FlowTotals {
  private readonly flows: FlowTable;
  private readonly parties: Parties;
  private readonly limits: TotalsLimits;
  private readonly table = new KeyTable(WIDTH, 4096);
  private counts = new Uint32Array(4096);
  /** Flows of the last batch that were counted without their port. */
  folded = 0;

  constructor(flows: FlowTable, parties: Parties, limits: TotalsLimits) {
    this.flows = flows;
    this.parties = parties;
    this.limits = limits;
  }

  /** The block of the first `rows` flows, at least one. */
  take(rows: number, mark: RecordMark, memory: BlockMemory): NativeBlock {
    this.count(rows);
    return this.block(mark, memory);
  }

  private count(rows: number): void {
    const { table, parties, flows, limits } = this;
    const { columns, groups } = flows;
    const { probe } = table;
    const { verdict, drop_reason_desc, type, l4_protocol, traffic_direction } = columns;
    const { tcp_flags, l7_type, is_reply, reply, event_type, time_slot, cluster } = columns;
    const { source_port, destination_port, source_names, destination_names } = columns;
    const { source, destination, source_at, destination_at } = groups;
    table.clear();
    this.counts.fill(0);
    this.folded = 0;
    for (let row = 0; row < rows; row++) {
      const outcome = verdict[row] ?? 0;
      const protocol = l4_protocol[row] ?? 0;
      const from = source_port[row] ?? 0;
      const to = destination_port[row] ?? 0;
      const forth = sourceCalls(
        protocol,
        tcp_flags[row] ?? 0,
        l7_type[row] ?? 0,
        is_reply[row] ?? 0,
        reply[row] ?? 0,
        event_type[row] ?? 0,
        outcome,
        from,
        to,
      );
      const port = forth ? to : from;
      const reason = (drop_reason_desc[row] ?? 0) << 16;
      probe[0] = time_slot[row] ?? 0;
      probe[1] = parties.of(source[row] ?? 0, source_at[row] ?? 0, source_names[row] ?? 0);
      probe[2] = parties.of(
        destination[row] ?? 0,
        destination_at[row] ?? 0,
        destination_names[row] ?? 0,
      );
      probe[3] = ((cluster[row] ?? 0) << 1) | (forth ? 1 : 0);
      probe[4] = reason | port;
      probe[5] =
        (outcome << 24) |
        ((traffic_direction[row] ?? 0) << 16) |
        ((type[row] ?? 0) << 8) |
        protocol;
      const group = table.size < limits.maxRows ? table.find() : this.findFolded(reason);
      if (group >= this.counts.length) this.counts = grown(this.counts);
      this.counts[group] = (this.counts[group] ?? 0) + 1;
    }
  }

  /** When there are too many groups, new ones have no port: then there are no more than pairs of parties. */
  private findFolded(reason: number): number {
    const { table } = this;
    const known = table.known();
    if (known >= 0) return known;
    this.folded++;
    table.probe[4] = reason;
    return table.find();
  }

  private block(mark: RecordMark, memory: BlockMemory): NativeBlock {
    const { table, parties, flows, counts } = this;
    const rows = table.size;
    const word = (row: number, at: number) => table.words[row * WIDTH + at] ?? 0;
    const block = new TableBlock('flow_totals', FLOW_TOTAL_COLUMNS, rows, flows.texts, memory);
    block.i32('time_slot', (row) => word(row, 0));
    block.fixed('received_at', new BigInt64Array(rows).fill(mark.receivedAtMs));
    block.u8('verdict', (row) => word(row, 5) >>> 24);
    block.text('cluster', (row) => word(row, 3) >>> 1);
    block.u8('traffic_direction', (row) => word(row, 5) >>> 16);
    block.u16('drop_reason_desc', (row) => word(row, 4) >>> 16);
    block.u8('type', (row) => word(row, 5) >>> 8);
    block.u8('l4_protocol', (row) => word(row, 5));
    block.u8('client_is_source', (row) => word(row, 3) & 1);
    block.u16('server_port', (row) => word(row, 4));
    parties.putReported(block, 'source', (row) => word(row, 1));
    parties.putReported(block, 'destination', (row) => word(row, 2));
    block.u8(STORED_HAS_REPORTED_ENDS, () => 1);
    block.fixed('origin', new BigUint64Array(rows).fill(mark.origin));
    block.fixed('sequence', new BigUint64Array(rows).fill(mark.sequence));
    block.u64('flows', (row) => counts[row] ?? 0);
    return block.encode();
  }
}
