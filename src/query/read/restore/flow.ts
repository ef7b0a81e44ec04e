// A row of `flows` back to the response it was made of, exactly: what the columns cannot hold is in `raw`.
import { decode } from '../../../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../hubble/proto/schema.gen.ts';
import { restoreColumns } from './flow.gen.ts';
import { present } from './present.ts';
import { FlowRow } from './row.ts';

/**
 * The response of a row; its values from position `from` on are those of `restoreSelect`. Equal to what decoding the
 * response's bytes gave.
 */
export function restoreFlow(values: readonly unknown[], from = 0): GetFlowsResponse {
  const row = new FlowRow(values, from);
  const raw = row.bytes('raw');
  if (raw.length > 0) return decode(GetFlowsResponse, raw);
  const flow = restoreColumns(row);
  return present({
    flow,
    node_name: row.has('sameNodeName') ? flow.node_name : row.text('response_node_name'),
    time: row.has('time') ? row.timestamp('time', 'response_time') : undefined,
  });
}

/** The response of a row of `events`, whose value at `at` is that of `RESTORE_EVENT`. */
export function restoreEvent(values: readonly unknown[], at = 0): GetFlowsResponse {
  return decode(GetFlowsResponse, Buffer.from(String(values[at]), 'base64'));
}
