// The busiest pods, addresses and nodes of an incident, and UUIDs of its latest flows.
import type { Reader } from '../../store/store.ts';
import { rangeCondition, type TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { examplesSchema } from './schema.ts';

export type Examples = Document<typeof examplesSchema>;

const MOST = 10;
const busiest = (column: string) => `topKIf(${MOST})(toString(${column}), ${column} != '')`;

export async function readExamples(
  store: Reader,
  ids: readonly bigint[],
  range: TimeRange,
  signal?: AbortSignal,
): Promise<Examples> {
  const { where, params } = rangeCondition('denials', range);
  const columns = [
    'source_pod_name',
    'destination_pod_name',
    'ip_source',
    'ip_destination',
    'node_name',
  ].map(busiest);
  const sql =
    `SELECT ${columns.join(', ')}, groupArraySorted(${MOST})((-toUnixTimestamp64Nano(time), toString(uuid))) ` +
    `FROM denials WHERE ${where} AND incident IN {ids:Array(UInt64)}`;
  let lists: readonly unknown[] = [];
  for await (const row of store.query(sql, { ...params, ids }, signal && { signal })) lists = row;
  const texts = (at: number) => listOf(lists[at]).map(String);
  return {
    sourcePods: texts(0),
    destinationPods: texts(1),
    sourceAddresses: texts(2),
    destinationAddresses: texts(3),
    nodes: texts(4),
    uuids: listOf(lists[5]).map((pair) => String(listOf(pair)[1])),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
