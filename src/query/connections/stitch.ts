// Groups observations by addresses and ports and cuts each group into connections. Order of arrival does not matter, nor do repeats; each node's clock is trusted only against itself.
import { alignSegments } from './align.ts';
import { type EndSeen, type Observation, PROTOCOL } from './observation.ts';
import { clientVote } from './orient.ts';
import { cutByGaps, cutByNode } from './segment.ts';

export interface StitchLimits {
  /** Silence after which the same addresses and ports are another connection: TCP, and everything else. */
  readonly tcpIdleMs: number;
  readonly otherIdleMs: number;
  /** How far the clocks of two nodes may be apart. */
  readonly skewMs: number;
}

/** The observations of one connection, in no order. */
export interface Stitched {
  readonly seen: readonly Observation[];
  /** Address and port of the server, as in `endKey`: translation of the client leaves them alone. */
  readonly server: string;
}

/** An end as the packets have it. */
export function endKey({ ip, port }: Pick<EndSeen, 'ip' | 'port'>): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Both ways of a connection, and what a NAT made of it, are one conversation. */
export function stitch(observations: Iterable<Observation>, limits: StitchLimits): Stitched[] {
  const found: Stitched[] = [];
  for (const conversation of conversations(withoutRepeats(observations))) {
    for (const group of splitByEndpoint(conversation)) {
      for (const [server, seen] of byServer(group)) {
        const tcp = seen[0]?.protocol === PROTOCOL.tcp;
        const cut = tcp
          ? alignSegments(
              cutByNode(seen, limits, (each) => towardServer(each, server)),
              limits,
            )
          : cutByGaps(seen, limits.otherIdleMs);
        for (const segment of cut) found.push({ seen: segment, server });
      }
    }
  }
  return found;
}

function* withoutRepeats(observations: Iterable<Observation>): Generator<Observation> {
  const known = new Set<string>();
  for (const each of observations) {
    const id = each.uuid === '' ? '' : `${each.uuid} ${each.node}`;
    if (id !== '' && known.has(id)) continue;
    known.add(id);
    yield each;
  }
}

/** Whether the flow goes to the server. */
export function towardServer({ destination }: Observation, server: string): boolean {
  return endKey(destination) === server;
}

/** Keys of both ways; a translated flow has one for each of its source addresses. */
export function conversationKeys({ protocol, source, destination, xlated }: Observation): string[] {
  const there = endKey(destination);
  const key = (here: string) =>
    here < there ? `${protocol} ${here} ${there}` : `${protocol} ${there} ${here}`;
  const keys = [key(endKey(source))];
  if (xlated !== '' && xlated !== source.ip)
    keys.push(key(endKey({ ip: xlated, port: source.port })));
  return keys;
}

function conversations(observations: Iterable<Observation>): Iterable<Observation[]> {
  const byKey = new Map<string, Conversation>();
  for (const each of observations) {
    const [key = '', translated] = conversationKeys(each);
    const own = byKey.get(key) ?? { keys: [key], seen: [] };
    byKey.set(key, own);
    own.seen.push(each);
    if (translated === undefined) continue;
    const other = byKey.get(translated) ?? { keys: [translated], seen: [] };
    if (other === own) continue;
    // Two that turn out to be one: the keys of the smaller lead to the larger from now on.
    const [less, more] = other.seen.length < own.seen.length ? [other, own] : [own, other];
    for (const one of less.seen) more.seen.push(one);
    more.keys.push(...less.keys);
    for (const name of less.keys) byKey.set(name, more);
  }
  return [...new Set(byKey.values())].map(({ seen }) => seen);
}

interface Conversation {
  readonly keys: string[];
  readonly seen: Observation[];
}

/** Clusters outside of a mesh use the same addresses: ends that are named differently are different. */
function splitByEndpoint(conversation: readonly Observation[]): Observation[][] {
  const groups: { readonly seen: Observation[]; readonly names: Map<string, Named> }[] = [];
  for (const each of conversation) {
    const ends = [each.source, each.destination].map((end) => [endKey(end), namedAs(end)] as const);
    let group = groups.find(({ names }) =>
      ends.every(([key, named]) => agree(names.get(key), named)),
    );
    if (group === undefined) {
      group = { seen: [], names: new Map() };
      groups.push(group);
    }
    group.seen.push(each);
    for (const [key, named] of ends) {
      const before = group.names.get(key);
      group.names.set(key, {
        cluster: before?.cluster || named.cluster,
        pod: before?.pod || named.pod,
      });
    }
  }
  return groups.map(({ seen }) => seen);
}

interface Named {
  readonly cluster: string;
  readonly pod: string;
}

function namedAs({ cluster, namespace, pod }: EndSeen): Named {
  return { cluster, pod: pod === '' ? '' : `${namespace}/${pod}` };
}

function agree(a: Named | undefined, b: Named): boolean {
  const same = (one: string, other: string) => one === '' || other === '' || one === other;
  return a === undefined || (same(a.cluster, b.cluster) && same(a.pod, b.pod));
}

/** By server. Two hosts may ping each other: each direction is a connection of its own. */
function byServer(group: readonly Observation[]): Map<string, Observation[]> {
  const servers = new Map<string, Observation[]>();
  const [first] = group;
  if (first === undefined) return servers;
  if (first.protocol === PROTOCOL.icmpv4 || first.protocol === PROTOCOL.icmpv6) {
    for (const each of group) {
      const server = endKey(clientVote(each) < 0 ? each.source : each.destination);
      const list = servers.get(server);
      if (list === undefined) servers.set(server, [each]);
      else list.push(each);
    }
    return servers;
  }
  const votes = new Map<string, number>();
  const add = (end: EndSeen, vote: number) =>
    votes.set(endKey(end), (votes.get(endKey(end)) ?? 0) + vote);
  for (const each of group) {
    const vote = clientVote(each);
    add(each.source, vote);
    add(each.destination, -vote);
  }
  const [server] = [...votes].reduce((least, each) => (each[1] < least[1] ? each : least));
  return servers.set(server, [...group]);
}
