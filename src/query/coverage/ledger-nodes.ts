// Adds relay reports to the nodes found in stored flows: only relays know rings, addresses, TLS and agent uptime.

import type { Clock } from '../../runtime/clock.ts';
import { msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { nodesOf, REPORTED_MS, relayName, type StoredNode } from './nodes.ts';
import type { NodesSource, ObservedNode } from './stored-nodes.ts';

export interface LedgerNodesDeps {
  readonly store: Reader;
  readonly clock: Clock;
  /** What is known without the ledger. */
  readonly stored: NodesSource;
}

export function ledgerNodes({ store, clock, stored }: LedgerNodesDeps): NodesSource {
  return {
    async nodes(signal) {
      const sinceMs = clock.now() - REPORTED_MS;
      const found = new Map<string, ObservedNode>();
      for (const each of await stored.nodes(signal)) found.set(keyOf(each), each);
      for (const reported of await nodesOf(store, { sinceMs }, signal)) {
        const name = relayName(reported);
        const key = `${reported.cluster}\n${name}`;
        found.set(key, merged(name, reported, found.get(key)));
      }
      return [...found.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    },
  };
}

function merged(name: string, reported: StoredNode, known: ObservedNode | undefined): ObservedNode {
  const { cluster, state, numFlows, maxFlows, seenFlows, uptimeNs } = reported;
  const version = reported.version || known?.node.version;
  const lastData = reported.lastDataMs === undefined ? undefined : msToNs(reported.lastDataMs);
  return {
    cluster,
    lastDataAt: known?.lastDataAt ?? lastData,
    flowsPerSecond: known?.flowsPerSecond ?? Number(reported.received) / (REPORTED_MS / 1000),
    node: {
      name,
      // Without a report from the relay, the state found in the flows stays.
      state: state === 0 ? (known?.node.state ?? state) : state,
      ...(version ? { version } : {}),
      ...(reported.address === '' ? {} : { address: reported.address }),
      ...(reported.address === '' ? {} : { tls: { enabled: reported.tls } }),
      uptime_ns: uptimeNs > 0n ? uptimeNs : (known?.node.uptime_ns ?? 0n),
      num_flows: maxFlows > 0n ? numFlows : (known?.node.num_flows ?? 0n),
      ...(maxFlows > 0n ? { max_flows: maxFlows } : {}),
      seen_flows: seenFlows > 0n ? seenFlows : (known?.node.seen_flows ?? 0n),
    },
  };
}

function keyOf({ cluster, node }: ObservedNode): string {
  return `${cluster}\n${node.name ?? ''}`;
}
