// Fills `flow_totals` from what is in `flows`, for stores whose flows did not come through the writer.
import {
  CLIENT_IS_SOURCE,
  PEER,
  SERVER_PORT,
  withNames,
} from '../../src/query/totals/expressions.ts';
import { FLOW_TOTAL_COLUMNS } from '../../src/store/schema/denial-columns.ts';
import { column, join, type Sql, sql, table } from '../../src/store/sql.ts';
import type { Store } from '../../src/store/store.ts';

/** What rows of `flow_totals` are of, records apart. */
export const TOTAL_KEYS = FLOW_TOTAL_COLUMNS.map(({ name }) => name).filter(
  (name) => !['flows', 'received_at', 'origin', 'sequence'].includes(name),
);

const DERIVED: Readonly<Record<string, Sql>> = {
  client_is_source: CLIENT_IS_SOURCE,
  server_port: SERVER_PORT,
  source_peer: PEER.source,
  destination_peer: PEER.destination,
  told: sql`toUInt8(1)`,
};

/** The same of rows of `flows`, as SQL. */
export const TOTALS_OF_FLOWS = TOTAL_KEYS.map((name) => {
  const derived = DERIVED[name];
  return derived === undefined ? column(name) : sql`${derived} AS ${column(name)}`;
});

/** Of the slots `from` to `to`, all by default. */
export async function fillTotals(
  store: Pick<Store, 'command'>,
  { from = -(2 ** 31), to = 2 ** 31 - 1 } = {},
): Promise<void> {
  const keys = TOTAL_KEYS;
  const columns = join(TOTALS_OF_FLOWS, sql`, `);
  const by = join(keys.map(column), sql`, `);
  const { text } = withNames(sql`SELECT max(received_at) AS newest, ${columns}, count()
     FROM ${table('flows')} WHERE time_slot BETWEEN ${from} AND ${to} GROUP BY ${by}`).render();
  await store.command(
    `INSERT INTO flow_totals (received_at, ${keys.join(', ')}, flows) ${text}
     SETTINGS max_partitions_per_insert_block = 0`,
  );
}

/** Takes away what rows of `flow_totals` say of flows' own names, as if they were from before there were columns of it. */
export async function untold(store: Pick<Store, 'command'>): Promise<void> {
  const names = ['source', 'destination'].flatMap((end) => [
    `'' AS ${end}_cluster_name`,
    `'' AS ${end}_workloads`,
  ]);
  await store.command(
    `INSERT INTO flow_totals SELECT * REPLACE (${names.join(', ')}, 0 AS told) FROM flow_totals
     SETTINGS max_partitions_per_insert_block = 0`,
  );
  await store.command('DELETE FROM flow_totals WHERE told = 1');
}
