// Node changes in the format of Hubble's Peer service.
import {
  type ChangeNotification,
  ChangeNotificationType,
  type Node,
  NodeState,
} from '../../hubble/proto/schema.gen.ts';

const { PEER_ADDED, PEER_DELETED, PEER_UPDATED } = ChangeNotificationType.numbers;
const { NODE_GONE } = NodeState.numbers;

/** What has changed since the last call, by name; everything is new at first. */
export function peerChanges(): (nodes: readonly Node[]) => ChangeNotification[] {
  let known = new Map<string, ChangeNotification>();
  return (nodes) => {
    const now = new Map<string, ChangeNotification>();
    for (const node of nodes) if (node.state !== NODE_GONE) now.set(node.name ?? '', peerOf(node));
    const changes: ChangeNotification[] = [];
    for (const [name, peer] of known)
      if (!now.has(name)) changes.push({ ...peer, type: PEER_DELETED });
    for (const [name, peer] of now) {
      const before = known.get(name);
      if (before === undefined) changes.push(peer);
      else if (before.address !== peer.address || serverName(before) !== serverName(peer))
        changes.push({ ...peer, type: PEER_UPDATED });
    }
    known = now;
    return changes;
  };
}

function peerOf({ name, address, tls }: Node): ChangeNotification {
  return {
    name,
    address,
    type: PEER_ADDED,
    ...(tls?.enabled ? { tls: { server_name: tls.server_name } } : {}),
  };
}

function serverName({ tls }: ChangeNotification): string | undefined {
  return tls && (tls.server_name ?? '');
}
