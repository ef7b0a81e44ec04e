// Totals of stored flows: the engine counts, by what flows say of their ends; what an end is called is found here, by the
// writer's own rule.
import { SOURCE_CALLS_SQL } from '../../incident/caller.ts';
import { encodeRows, type Row } from '../../store/native/native-rows.ts';
import { FLOW_TOTAL_COLUMNS, STORED_HAS_REPORTED_ENDS } from '../../store/schema/denial-columns.ts';
import type { NativeBlock, Store } from '../../store/store.ts';
import { peerOf } from '../derive/peer.ts';
import { inSlots } from './mismatch.ts';

const COPIED = [
  'time_slot',
  'verdict',
  'cluster',
  'traffic_direction',
  'drop_reason_desc',
  'type',
  'l4_protocol',
] as const;
const PARTY = ['cluster', 'namespace', 'workload', 'cluster_name', 'workloads'] as const;
const NAMED = ['names', 'labels', 'pod_name'] as const;
const ENDS = ['source', 'destination'] as const;
/** Rows of one insert. */
const BLOCK_ROWS = 50_000;

const KEYS = [
  ...COPIED,
  `toUInt8(${SOURCE_CALLS_SQL}) AS forth`,
  'if(forth, destination_port, source_port) AS port',
  ...ENDS.flatMap((end) => [
    ...PARTY.map((member) => `${end}_${member}`),
    ...NAMED.map(
      (member) => `if(${end}_workload = '', ${end}_${member}, '') AS ${end}_${member}_told`,
    ),
  ]),
];

/** The blocks of what is stored in these slots of one cluster. */
export async function totalsOf(
  store: Store,
  cluster: string,
  slots: readonly number[],
): Promise<readonly NativeBlock[]> {
  const blocks: NativeBlock[] = [];
  const { where, params } = inSlots(cluster, slots);
  const sql = `SELECT ${KEYS.join(', ')}, toUnixTimestamp64Milli(max(received_at)), count()
    FROM flows WHERE ${where} GROUP BY ALL`;
  let rows: Row[] = [];
  for await (const values of store.query(sql, params)) {
    rows.push(rowOf(values));
    if (rows.length < BLOCK_ROWS) continue;
    blocks.push(encodeRows('flow_totals', FLOW_TOTAL_COLUMNS, rows));
    rows = [];
  }
  if (rows.length > 0) blocks.push(encodeRows('flow_totals', FLOW_TOTAL_COLUMNS, rows));
  return blocks;
}

function rowOf(values: readonly unknown[]): Row {
  let at = 0;
  const next = () => values[at++];
  const number = () => Number(next());
  const text = () => String(next());
  const row: Record<string, string | number | bigint> = {};
  for (const name of COPIED) row[name] = name === 'cluster' ? text() : number();
  row.client_is_source = number();
  row.server_port = number();
  for (const end of ENDS) {
    for (const member of PARTY) row[`${end}_${member}`] = text();
    const [names, labels, pod] = [text(), text(), text()];
    const workload = String(row[`${end}_workload`]);
    row[`${end}_peer`] = peerOf({ workload, names, labels, pod });
  }
  row[STORED_HAS_REPORTED_ENDS] = 1;
  row.received_at = BigInt(text());
  row.flows = BigInt(text());
  return row;
}
