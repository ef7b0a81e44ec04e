// Flows as a table of what is derived from them, from a few of their columns.

import type { FlowTable } from '../../../src/enrich/derive/flow-table.ts';
import { Parties } from '../../../src/enrich/derive/parties.ts';
import { STORED_FLOW_COLUMNS, StoredFlows } from '../../../src/enrich/refill/stored-flows.ts';
import { SECOND_NS } from '../../../src/runtime/time.ts';

export type Fields = Readonly<Record<string, string | number>>;

const NAMES = STORED_FLOW_COLUMNS.split(', ').map((name) =>
  name.startsWith('toUnixTimestamp64Nano') ? 'time' : name,
);
const NUMBERS =
  /^(time|time_slot|verdict|traffic_direction|drop_reason_desc|type|event_type|policy_match_type|l4_protocol|icmp_type|.*_port|.*_identity)$/;

/** Fills the table with flows; what they do not say is empty. `second` is the time since 1970. */
export function fill(table: StoredFlows, flows: readonly Fields[]): void {
  table.fill(
    flows.map((fields, row) =>
      NAMES.map((name) => {
        const second = Number(fields.second ?? 0);
        if (name === 'time') return String(BigInt(second) * SECOND_NS + BigInt(row));
        if (name === 'time_slot') return Math.floor(second / 300);
        if (name === 'uuid') return `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`;
        const value = fields[name] ?? (NUMBERS.test(name) ? 0 : '');
        if (!NAMES.includes(name)) throw new Error(`no column ${name}`);
        return value;
      }),
    ),
  );
}

/** An empty table, and who its ends are. */
export function newFlows(): { readonly flows: StoredFlows; readonly parties: Parties } {
  const flows = new StoredFlows();
  return { flows, parties: new Parties(flows, flows.places) };
}

export const textsOf = (flows: FlowTable, numbers: Uint32Array, count: number): string[] =>
  Array.from(numbers.subarray(0, count), (number) => flows.texts.text(number));
