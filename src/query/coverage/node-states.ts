import { NodeState } from '../../hubble/proto/schema.gen.ts';
import type { Reader } from '../../store/store.ts';
import { nodesOf, REPORTED_MS, relayName } from './nodes.ts';

/** As last reported by relays; names are `cluster/node`. Nodes in other states are left out. */
export interface NodeStates {
  readonly connected: readonly string[];
  readonly away: readonly string[];
}

const { NODE_CONNECTED, NODE_UNAVAILABLE, NODE_ERROR } = NodeState.numbers;

export async function nodeStates(
  store: Reader,
  nowMs: number,
  signal: AbortSignal,
): Promise<NodeStates> {
  const nodes = await nodesOf(store, { sinceMs: nowMs - REPORTED_MS }, signal);
  const named = (...states: readonly number[]) =>
    nodes.filter(({ state }) => states.includes(state)).map(relayName);
  return { connected: named(NODE_CONNECTED), away: named(NODE_UNAVAILABLE, NODE_ERROR) };
}
