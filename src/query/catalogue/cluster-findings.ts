// Conflicts between clusters are reported and never fatal: an address or identity that two clusters claim stays unresolved.
import { parsePrefix } from '../../hubble/filter/address.ts';
import { groupBy } from '../../runtime/group-by.ts';
import type { ClusterFact, ClusterView } from './clusters.ts';

export interface Finding {
  readonly kind:
    | 'same-name'
    | 'same-id'
    | 'overlapping-pod-cidrs'
    | 'differing-numbering'
    | 'several-node-prefixes'
    | 'differs-from-config'
    | 'renamed';
  readonly clusters: readonly string[];
  readonly what: string;
  readonly evidence: string;
  readonly cure: string;
}

const APART =
  'if they are not in one ClusterMesh, give each its own clusters[].mesh; if they are, Cilium itself needs them to differ';

export function findConflicts(clusters: readonly ClusterView[]): readonly Finding[] {
  const configured = clusters.filter((cluster) => cluster.configured);
  const meshes = groupBy(configured, ({ mesh }) => mesh);
  return [
    ...[...meshes.values()].flatMap((members) => [
      ...sameNames(members),
      ...sameIds(members),
      ...overlaps(members),
      ...numberings(members),
    ]),
    ...clusters.flatMap((cluster) => [
      ...prefixes(cluster),
      ...contradictions(cluster),
      ...renames(cluster),
    ]),
  ];
}

function current(list: readonly ClusterFact[]): readonly string[] {
  return [...new Set(list.filter((fact) => fact.current).map(({ value }) => value))];
}

/** Names from the configuration and Kubernetes; the key when neither gives one. */
function namesOf({ names, key }: ClusterView): readonly string[] {
  const known = current(names.filter(({ origin }) => origin !== 'flow'));
  return known.length > 0 ? known : [key];
}

function shared(
  members: readonly ClusterView[],
  valuesOf: (cluster: ClusterView) => readonly string[],
): readonly (readonly [value: string, keys: readonly string[]])[] {
  const holders = new Map<string, string[]>();
  for (const cluster of members)
    for (const value of valuesOf(cluster))
      holders.set(value, [...(holders.get(value) ?? []), cluster.key]);
  return [...holders].filter(([, keys]) => keys.length > 1);
}

function sameNames(members: readonly ClusterView[]): readonly Finding[] {
  return (
    shared(members, namesOf)
      // Cilium's default name cannot be in a mesh, so several clusters may have it.
      .filter(([name]) => name !== 'default')
      .map(([name, keys]) => ({
        kind: 'same-name',
        clusters: keys,
        what: `${keys.join(' and ')} have the same Cilium name`,
        evidence: `cluster-name ${name}`,
        cure: APART,
      }))
  );
}

function sameIds(members: readonly ClusterView[]): readonly Finding[] {
  const idsOf = ({ ids }: ClusterView) =>
    current(ids.filter(({ origin }) => origin !== 'flow')).filter((id) => id !== '0');
  return shared(members, idsOf).map(([id, keys]) => ({
    kind: 'same-id',
    clusters: keys,
    what: `${keys.join(' and ')} have the same cluster id: their identity numbers are ambiguous`,
    evidence: `cluster-id ${id}`,
    cure: APART,
  }));
}

function overlaps(members: readonly ClusterView[]): readonly Finding[] {
  const all = members.flatMap(({ key, podCidrs }) =>
    current(podCidrs).flatMap((cidr) => {
      const prefix = parsePrefix(cidr);
      return prefix === undefined ? [] : [{ key, cidr, prefix }];
    }),
  );
  // By their first address: what overlaps another begins before that one ends.
  all.sort((a, b) => a.prefix.bits - b.prefix.bits || (a.prefix.first < b.prefix.first ? -1 : 1));
  const found = new Map<string, Finding>();
  let open: typeof all = [];
  for (const each of all) {
    open = open.filter(
      ({ prefix }) => prefix.bits === each.prefix.bits && prefix.last >= each.prefix.first,
    );
    for (const other of open) {
      const keys = [other.key, each.key].sort();
      if (other.key === each.key || found.has(keys.join(' '))) continue;
      found.set(keys.join(' '), {
        kind: 'overlapping-pod-cidrs',
        clusters: keys,
        what: `pod networks of ${keys.join(' and ')} overlap: addresses in both are placed in neither`,
        evidence: `${other.key} ${other.cidr}, ${each.key} ${each.cidr}`,
        cure: APART,
      });
    }
    open.push(each);
  }
  return [...found.values()];
}

function numberings(members: readonly ClusterView[]): readonly Finding[] {
  const byNumbering = groupBy(members, numberingOf);
  if (byNumbering.size < 2) return [];
  const evidence = [...byNumbering]
    .map(([size, group]) => `${size}: ${group.map(({ key }) => key).join(', ')}`)
    .join('; ');
  return [
    {
      kind: 'differing-numbering',
      clusters: members.map(({ key }) => key),
      what: 'clusters that count as one mesh number their identities differently',
      evidence: `max-connected-clusters ${evidence}`,
      cure: 'set clusters[].maxConnectedClusters as in cilium-config, which must be equal in a mesh; or give clusters of different meshes their own clusters[].mesh',
    },
  ];
}

function numberingOf({ maxConnectedClusters }: ClusterView): string {
  const facts = maxConnectedClusters.filter((each) => each.current);
  return (facts.find(({ origin }) => origin === 'kubernetes') ?? facts[0])?.value ?? '255';
}

function prefixes({ key, nodePrefixes }: ClusterView): readonly Finding[] {
  const names = nodePrefixes.map(({ value }) => value);
  if (names.length < 2) return [];
  const seen = nodePrefixes.map(({ value, lastSeen }) => `${value} (until ${lastSeen})`);
  return [
    {
      kind: 'several-node-prefixes',
      clusters: [key],
      what: `flows collected for ${key} come from nodes of ${names.length} cluster names`,
      evidence: seen.join(', '),
      cure: `if its relay serves a mesh, set clusters[].nodes of ${key} to its own, such as ["${names[0]}/"]; after a renaming there is nothing to do`,
    },
  ];
}

const COMPARED = [
  ['ids', 'id', 'cluster-id'],
  ['maxConnectedClusters', 'maxConnectedClusters', 'max-connected-clusters'],
  ['names', 'ciliumName', 'cluster-name'],
] as const;

function contradictions(cluster: ClusterView): readonly Finding[] {
  return COMPARED.flatMap(([field, setting, option]) => {
    const facts = cluster[field].filter((each) => each.current);
    const config = facts.find(({ origin }) => origin === 'config');
    const others = facts.filter(
      ({ origin, value }) => origin !== 'config' && value !== config?.value && value !== 'default',
    );
    const [other] = others;
    if (config === undefined || other === undefined) return [];
    return [
      {
        kind: 'differs-from-config' as const,
        clusters: [cluster.key],
        what: `the configuration gives ${cluster.key} ${option} ${config.value}, ${other.origin === 'flow' ? 'its flows' : 'Kubernetes'} ${other.value}`,
        evidence: others
          .map(({ origin, value, lastSeen }) => `${origin} ${value} (${lastSeen})`)
          .join(', '),
        cure: `set clusters[].${setting} of ${cluster.key} to ${other.value}, or leave it out`,
      },
    ];
  });
}

function renames({ key, names }: ClusterView): readonly Finding[] {
  const seen = names.filter(({ origin }) => origin === 'flow');
  if (new Set(seen.map(({ value }) => value)).size < 2) return [];
  return [
    {
      kind: 'renamed',
      clusters: [key],
      what: `${key} had ${seen.length} Cilium names`,
      evidence: seen
        .map(({ value, firstSeen, lastSeen }) => `${value} from ${firstSeen} to ${lastSeen}`)
        .join(', '),
      cure: 'nothing: its key stays the same. Identities, certificates and names of nodes changed with it',
    },
  ];
}
