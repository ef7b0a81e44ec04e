// How a relay begins an answer: which nodes it reads from, and which it would read from if they were there.

import { type GetFlowsResponse, NodeState } from '../../hubble/proto/schema.gen.ts';
import { fromNanos } from '../../hubble/proto/timestamp.ts';
import type { NodeStates } from '../../query/coverage/node-states.ts';
import { msToNs } from '../../runtime/time.ts';
import type { FlowsCall } from './request.ts';

const { NODE_CONNECTED, NODE_UNAVAILABLE } = NodeState.numbers;

/** Whether what the nodes are now says anything about the answer: one about long ago does not depend on it. */
export function reachesNow({ until }: Pick<FlowsCall, 'until'>, nowMs: number): boolean {
  return until === undefined || until >= msToNs(Math.floor(nowMs));
}

export function nodesFirst({ connected, away }: NodeStates, nowMs: number): GetFlowsResponse[] {
  const said: readonly (readonly [number, readonly string[]])[] = [
    [NODE_CONNECTED, connected],
    [NODE_UNAVAILABLE, away],
  ];
  const time = fromNanos(msToNs(Math.floor(nowMs)));
  return said
    .filter(([, names]) => names.length > 0)
    .map(([state_change, names]) => ({
      node_status: { state_change, node_names: [...names] },
      node_name: 'parallax',
      time,
    }));
}
