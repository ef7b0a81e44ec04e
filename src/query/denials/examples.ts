// The busiest pods, addresses and nodes of an incident, and UUIDs of its latest flows.
import { ParallaxError } from '../../runtime/errors.ts';
import { firstRow, list, number, text, tuple } from '../../store/rows.ts';
import { column, join, param, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, type TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { examplesSchema } from './schema.ts';

export type Examples = Document<typeof examplesSchema>;

const MOST = 10;
const BUSIEST = join(
  ['source_pod_name', 'destination_pod_name', 'ip_source', 'ip_destination', 'node_name'].map(
    (name) => sql`topKIf(${MOST})(toString(${column(name)}), ${column(name)} != '')`,
  ),
  sql`, `,
);
const names = list(text);
const SHAPE = {
  sourcePods: names,
  destinationPods: names,
  sourceAddresses: names,
  destinationAddresses: names,
  nodes: names,
  latest: list(tuple(number, text)),
};

export async function readExamples(
  store: Reader,
  ids: readonly bigint[],
  range: TimeRange,
  signal?: AbortSignal,
): Promise<Examples> {
  const statement = sql`SELECT ${BUSIEST}, groupArraySorted(${MOST})((-toUnixTimestamp64Nano(time), toString(uuid)))
    FROM ${table('denials')}
    WHERE (${inRange('denials', range)}) AND incident IN ${param(ids, 'Array(UInt64)')}`;
  // An aggregate without GROUP BY always has a row.
  const found = await firstRow(store, statement, SHAPE, { signal });
  if (found === undefined) throw new ParallaxError('internal', 'an aggregate returned no row');
  const { latest, ...busiest } = found;
  return { ...busiest, uuids: latest.map(([, uuid]) => uuid) };
}
