// The rules of a suggested policy: peers, ports and requests. Pure.
import type { Incident } from '../../incident/incident.ts';
import { quoteRegex } from '../sql/regex.ts';
import {
  CLUSTER_LABEL,
  entityOf,
  isPod,
  type Labels,
  labelValue,
  NAMESPACE_LABEL,
  workloadLabels,
} from './suggest/selectors.ts';
import type { Variant } from './variants.ts';

type Direction = 'from' | 'to';
type PeerKind = 'Endpoints' | 'Entities' | 'CIDR' | 'FQDNs';
type Peer = { readonly matchLabels: Labels } | { readonly matchName: string } | string;

export interface PortRule {
  readonly ports: readonly { readonly port: string; readonly protocol: string }[];
  readonly rules?: {
    readonly http?: readonly { readonly method?: string; readonly path?: string }[];
    readonly dns?: readonly { readonly matchName: string }[];
  };
}

/** One peer field, and ports or ICMP types: what one rule says holds together. */
export type PolicyRule = {
  readonly [Field in `${Direction}${PeerKind}`]?: readonly Peer[];
} & {
  readonly toPorts?: readonly PortRule[];
  readonly icmps?: readonly {
    readonly fields: readonly { readonly type: number; readonly family: 'IPv4' | 'IPv6' }[];
  }[];
};

/** Protocols that rules can name with a port. */
const WITH_PORTS: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);

/** A peer, and what it did. */
interface Met {
  readonly kind: PeerKind;
  readonly peer: Peer;
  readonly of: Variant[];
}

/** Peers of one kind that did the same. */
interface Group {
  readonly peers: Map<string, Peer>;
  readonly kind: PeerKind;
  readonly of: Variant[];
}

/** Of traffic that selects the same end; none, with a note, when a rule would open more than that traffic. */
export function rulesOf(
  variants: readonly Variant[],
  side: 'source' | 'destination',
  incident: Incident,
  notes: Set<string>,
): PolicyRule[] {
  const direction: Direction = side === 'destination' ? 'from' : 'to';
  const grouped = new Map<string, Group>();
  for (const [peerKey, { kind, peer, of }] of peersOf(variants, side, incident, notes)) {
    // Peers that asked for the same are in one rule.
    const what = whatOf(of, incident, notes);
    if (what === undefined) continue;
    const key = JSON.stringify([kind, what]);
    const group: Group = grouped.get(key) ?? { peers: new Map(), kind, of: [] };
    group.peers.set(peerKey, peer);
    group.of.push(...of);
    grouped.set(key, group);
  }
  return [...grouped.values()].map(({ peers, kind, of }): PolicyRule => {
    const field: `${Direction}${PeerKind}` = `${direction}${kind}`;
    return { [field]: [...peers.values()], ...whatOf(of, incident, notes) };
  });
}

function peersOf(
  variants: readonly Variant[],
  side: 'source' | 'destination',
  incident: Incident,
  notes: Set<string>,
) {
  const peers = new Map<string, Met>();
  for (const variant of variants)
    for (const [kind, peer] of peerOf(variant, side, incident, notes)) {
      const key = JSON.stringify([kind, peer]);
      const known: Met = peers.get(key) ?? { kind, peer, of: [] };
      known.of.push(variant);
      peers.set(key, known);
    }
  return peers;
}

function peerOf(
  variant: Variant,
  side: 'source' | 'destination',
  incident: Incident,
  notes: Set<string>,
): [PeerKind, Peer][] {
  const other = side === 'source' ? 'destination' : 'source';
  const end = variant[other];
  if (isPod(end)) {
    const matchLabels = podPeer(variant, other, incident, notes);
    return matchLabels === undefined ? [] : [['Endpoints', { matchLabels }]];
  }
  const entity = entityOf(end);
  if (entity !== undefined) return [['Entities', entity]];
  if (other === 'destination' && variant.names.length > 0) {
    notes.add(
      'names are learned from DNS answers: toFQDNs needs a rule for port 53 with rules.dns beside it, which lets the proxy see them',
    );
    return variant.names.map((name) => ['FQDNs', { matchName: name.replace(/\.$/, '') }]);
  }
  if (end.ip === '') {
    notes.add(`of the ${other} neither labels nor an address are known: nothing names it`);
    return [];
  }
  // The address itself: the network of a `cidr:` label would admit more than was denied.
  return [['CIDR', `${end.ip}/${end.ip.includes(':') ? 128 : 32}`]];
}

/** A peer is in the policy's own namespace, and of any cluster of the mesh, unless said otherwise: both are said. */
function podPeer(
  variant: Variant,
  side: 'source' | 'destination',
  incident: Incident,
  notes: Set<string>,
): Labels | undefined {
  const { labels } = variant[side];
  const own = workloadLabels(labels);
  if (own === undefined) {
    notes.add(
      `pods of ${incident[side].text} have no labels of their own, so nothing names just them`,
    );
    return undefined;
  }
  if (own.volatile)
    notes.add(`pods of ${incident[side].text} have only labels that the next rollout changes`);
  const cluster = labelValue(labels, CLUSTER_LABEL) ?? incident[side].cluster;
  if (cluster === '')
    notes.add(
      `which cluster ${incident[side].text} is in is not known: the same labels in any cluster are admitted`,
    );
  return {
    ...own.labels,
    [NAMESPACE_LABEL]: labelValue(labels, NAMESPACE_LABEL) ?? incident[side].namespace,
    ...(cluster !== '' && { [CLUSTER_LABEL]: cluster }),
  };
}

/** Ports, ICMP types, requests; undefined, with a note, when nothing would limit the rule to this traffic. */
function whatOf(
  variants: readonly Variant[],
  { protocol, port, how }: Incident,
  notes: Set<string>,
): Pick<PolicyRule, 'toPorts' | 'icmps'> | undefined {
  if (protocol === 'ICMPv4' || protocol === 'ICMPv6') {
    const family = protocol === 'ICMPv4' ? 'IPv4' : 'IPv6';
    const types = [...new Set(variants.map(({ icmpType }) => icmpType))].sort((a, b) => a - b);
    return { icmps: [{ fields: types.map((type) => ({ type, family })) }] };
  }
  if (!WITH_PORTS.has(protocol) || port === 0) {
    notes.add(
      `${protocol === '' ? 'no flow says which protocol it was' : `rules cannot name ${protocol}${port === 0 ? ' without a port' : ''}`}: a rule would open every port`,
    );
    return undefined;
  }
  const ports = [{ port: String(port), protocol }];
  if (how !== 'denied-by-proxy') return { toPorts: [{ ports }] };
  const rules = requestsOf(variants);
  if (rules === undefined) {
    notes.add('which requests the proxy refused is in no flow: a rule would admit all of them');
    return undefined;
  }
  return { toPorts: [{ ports, rules }] };
}

function requestsOf(variants: readonly Variant[]): PortRule['rules'] | undefined {
  const distinct = <T>(list: readonly T[]): T[] => [
    ...new Map(list.map((each) => [JSON.stringify(each), each])).values(),
  ];
  const http = distinct(
    variants.flatMap(({ method, url }) => {
      const path = pathOf(url);
      if (method === '' && path === '') return [];
      return [
        {
          ...(method !== '' && { method: quoteRegex(method) }),
          ...(path !== '' && { path }),
        },
      ];
    }),
  );
  if (http.length > 0) return { http };
  const dns = distinct(
    variants.flatMap(({ query }) =>
      query === '' ? [] : [{ matchName: query.replace(/\.$/, '') }],
    ),
  );
  return dns.length > 0 ? { dns } : undefined;
}

/** A pattern over path and query. Any query matches: its values do not identify the resource. */
function pathOf(url: string): string {
  if (url === '') return '';
  const [, path = '', query] = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(\?)?/i.exec(url) ?? [];
  return `${quoteRegex(path || '/')}${query === undefined ? '' : '(\\?.*)?'}`;
}
