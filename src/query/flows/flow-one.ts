// One flow by its uuid: every row stored under it, since two nodes or two clusters' relays may report a flow.
import { toJson } from '../../hubble/json/json.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { restoreFlow } from '../read/restore/flow.ts';
import { RESTORE_COLUMNS, restoreSelect } from '../read/restore/select.ts';
import { compileSql } from '../sql/compile.ts';

export interface OneFlow {
  readonly uuid: string;
  readonly observations: readonly {
    /** Key of the cluster whose collector got it. */
    readonly cluster: string;
    readonly node: string;
    /** As Hubble has it in JSON. */
    readonly response: Readonly<Record<string, unknown>>;
  }[];
}

const MAX_ROWS = 100;

/** `uuid` is one. Throws `input/not-found` when nothing is stored under it. */
export async function findFlow(store: Reader, uuid: string, signal: AbortSignal): Promise<OneFlow> {
  const { condition } = compileSql([{ uuid: [uuid.toLowerCase()] }], []);
  const statement = sql`SELECT ${restoreSelect()}, cluster FROM ${table('flows')} WHERE ${condition}
    ORDER BY time, cluster LIMIT ${MAX_ROWS}`;
  const observations: OneFlow['observations'][number][] = [];
  for await (const row of store.query(statement, {}, { signal })) {
    const response = restoreFlow(row, 0);
    observations.push({
      cluster: String(row[RESTORE_COLUMNS.length]),
      node: response.node_name ?? response.flow?.node_name ?? '',
      response: { ...toJson(GetFlowsResponse, response) },
    });
  }
  if (observations.length === 0)
    throw new ParallaxError(
      'input/not-found',
      `no flow with the uuid ${uuid} is stored; it may be older than what is kept`,
    );
  return { uuid: uuid.toLowerCase(), observations };
}
