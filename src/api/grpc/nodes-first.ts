// The node status responses with which a relay begins: connected and unavailable nodes.

import { type GetFlowsResponse, NodeState } from '../../hubble/proto/schema.gen.ts';
import { fromNanos } from '../../hubble/proto/timestamp.ts';
import type { NodeStates } from '../../query/coverage/node-states.ts';
import { msToNs } from '../../runtime/time.ts';
import type { FlowsCall } from './request.ts';

const { NODE_CONNECTED, NODE_UNAVAILABLE } = NodeState.numbers;

/** Whether the window reaches the present; the current node status says nothing about earlier windows. */
export function reachesNow({ until }: Pick<FlowsCall, 'until'>, nowMs: number): boolean {
  return until === undefined || until >= msToNs(Math.floor(nowMs));
}

export function nodesFirst({ connected, away }: NodeStates, nowMs: number): GetFlowsResponse[] {
  const states: readonly (readonly [number, readonly string[]])[] = [
    [NODE_CONNECTED, connected],
    [NODE_UNAVAILABLE, away],
  ];
  const time = fromNanos(msToNs(Math.floor(nowMs)));
  return states
    .filter(([, names]) => names.length > 0)
    .map(([state_change, names]) => ({
      node_status: { state_change, node_names: [...names] },
      node_name: 'parallax',
      time,
    }));
}
