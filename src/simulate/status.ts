// Answers to ServerStatus, GetNodes and GetNamespaces, and the node status at the start of a stream.

import {
  GetFlowsResponse,
  GetNamespacesResponse,
  GetNodesResponse,
  NodeState,
  ServerStatusResponse,
} from '../hubble/proto/schema.gen.ts';
import { msToNs } from '../runtime/time.ts';
import { framed, timestamp } from './framing.ts';
import type { NodeRing } from './ring.ts';

const { NODE_CONNECTED } = NodeState.numbers;

export interface RelayView {
  readonly name: string;
  readonly version: string;
  readonly address: string;
  readonly namespaces: readonly string[];
  readonly rings: readonly NodeRing[];
  readonly uptimeMs: number;
  readonly tls?: unknown;
}

/** Sums over the nodes, as a relay answers. */
export function serverStatus(view: RelayView): Buffer {
  let held = 0;
  let capacity = 0;
  let seen = 0;
  for (const ring of view.rings) {
    held += ring.held;
    capacity += ring.capacity;
    seen += ring.seen;
  }
  return framed(ServerStatusResponse, {
    num_flows: BigInt(held),
    max_flows: BigInt(capacity),
    seen_flows: BigInt(seen),
    uptime_ns: nanoseconds(view.uptimeMs),
    num_connected_nodes: view.rings.length,
    num_unavailable_nodes: 0,
    version: `hubble-relay v${view.version}`,
    flows_rate: view.uptimeMs > 0 ? (seen / view.uptimeMs) * 1000 : 0,
  });
}

/** Counters of each node's ring. */
export function nodesResponse(view: RelayView): Buffer {
  return framed(GetNodesResponse, {
    nodes: view.rings.map((ring) => ({
      name: ring.name,
      version: `cilium v${view.version}`,
      address: view.address,
      state: NODE_CONNECTED,
      tls: { enabled: view.tls !== undefined },
      uptime_ns: nanoseconds(view.uptimeMs),
      num_flows: BigInt(ring.held),
      max_flows: BigInt(ring.capacity),
      seen_flows: BigInt(ring.seen),
    })),
  });
}

export function namespacesResponse(view: RelayView): Buffer {
  return framed(GetNamespacesResponse, {
    namespaces: view.namespaces.map((namespace) => ({ cluster: view.name, namespace })),
  });
}

/** Names the connected nodes; a relay sends it once, when a call begins. */
export function nodesConnected(nodes: readonly string[], nowMs: number, relay: string): Buffer {
  return framed(GetFlowsResponse, {
    node_status: { state_change: NODE_CONNECTED, node_names: [...nodes] },
    node_name: `${relay}/hubble-relay`,
    time: timestamp(nowMs),
  });
}

function nanoseconds(ms: number): bigint {
  return msToNs(Math.max(0, Math.round(ms)));
}
