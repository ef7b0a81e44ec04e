import { expect, test } from 'vitest';
import { findConflicts } from '../../../../src/query/catalogue/cluster-findings.ts';
import type { ClusterFact, ClusterView } from '../../../../src/query/catalogue/clusters.ts';

const TIMES = { firstSeen: '2026-03-01T00:00:00.000Z', lastSeen: '2026-03-02T00:00:00.000Z' };

/** `config 7`, `flow 7`; `!` before it is what holds no more. */
function told(...texts: string[]): ClusterFact[] {
  return texts.map((text) => {
    const [origin = '', value = ''] = text.replace('!', '').split(' ');
    return {
      ...TIMES,
      value,
      origin: origin as ClusterFact['origin'],
      current: !text.startsWith('!'),
    };
  });
}

function cluster(key: string, facts: Partial<ClusterView> = {}): ClusterView {
  return {
    key,
    configured: true,
    mesh: '',
    names: [],
    nodePrefixes: [],
    ids: [],
    maxConnectedClusters: told('config 255'),
    podCidrs: [],
    nodeCidrs: [],
    relays: [],
    ...facts,
  };
}

const kinds = (...clusters: ClusterView[]) =>
  findConflicts(clusters).map(({ kind, clusters: keys }) => `${kind} ${keys.join(' ')}`);

test('nothing is found where nothing is wrong', () => {
  const a = cluster('a', { ids: told('config 1', 'flow 1'), podCidrs: told('config 10.1.0.0/16') });
  const b = cluster('b', { ids: told('config 2'), podCidrs: told('config 10.2.0.0/16') });
  expect(
    kinds(a, b, cluster('c', { ids: told('config 0') }), cluster('d', { ids: told('config 0') })),
  ).toEqual([]);
});

test('what two clusters of a mesh share is found, and not across meshes', () => {
  const facts = {
    names: told('config x'),
    ids: told('config 1'),
    podCidrs: told('config 10.1.0.0/16', 'config fd00::/64'),
  };
  const found = findConflicts([cluster('a', facts), cluster('b', facts)]);
  expect(found.map(({ kind }) => kind)).toEqual(['same-name', 'same-id', 'overlapping-pod-cidrs']);
  for (const { what, evidence, cure } of found) {
    expect(what).toMatch(/a and b/);
    expect(evidence).not.toBe('');
    expect(cure).toContain('clusters[].mesh');
  }
  expect(
    kinds(cluster('a', { ...facts, mesh: 'm' }), cluster('b', { ...facts, mesh: 'n' })),
  ).toEqual([]);
});

test('unnamed clusters, and what held once, do not clash', () => {
  const unnamed = { names: told('config default') };
  expect(kinds(cluster('a', unnamed), cluster('b', unnamed))).toEqual([]);
  const past = { ids: told('!config 1') };
  expect(kinds(cluster('a', past), cluster('b', past))).toEqual([]);
});

test.each([
  ['10.0.0.0/8', '10.9.0.0/16', true],
  ['10.9.0.0/16', '10.0.0.0/8', true],
  ['10.9.0.0/16', '10.9.0.0/16', true],
  ['10.8.0.0/16', '10.9.0.0/16', false],
  ['0.0.0.0/0', '::/0', false],
])('%s and %s overlap: %s', (a, b, expected) => {
  const found = kinds(
    cluster('a', { podCidrs: told(`config ${a}`) }),
    cluster('z', { podCidrs: told('config 192.168.0.0/16'), mesh: 'another' }),
    cluster('b', { podCidrs: told(`kubernetes ${b}`) }),
  );
  expect(found).toEqual(expected ? ['overlapping-pod-cidrs a b'] : []);
});

test('differing numbering in one mesh', () => {
  const large = cluster('b', { maxConnectedClusters: told('config 255', 'kubernetes 511') });
  expect(kinds(cluster('a'), large)).toEqual(['differing-numbering a b', 'differs-from-config b']);
});

test('the configuration against what the cluster says', () => {
  expect(kinds(cluster('a', { ids: told('config 1', 'flow 2') }))).toEqual([
    'differs-from-config a',
  ]);
  expect(kinds(cluster('a', { names: told('config x', 'flow default') }))).toEqual([]);
});

test('a relay that serves a mesh, and a cluster that was renamed', () => {
  const found = findConflicts([
    cluster('a', { configured: false, nodePrefixes: told('flow x', 'flow y') }),
    cluster('b', { configured: false, names: told('flow x', 'flow y') }),
  ]);
  expect(found.map(({ kind }) => kind)).toEqual(['several-node-prefixes', 'renamed']);
  expect(found[0]?.cure).toContain('["x/"]');
});
