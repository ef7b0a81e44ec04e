import { expect, test } from 'vitest';
import { createClusterFinder, ORIGIN } from '../../../../src/enrich/inventory/clusters.ts';
import {
  ClusterRegistry,
  type ConfiguredCluster,
} from '../../../../src/enrich/inventory/registry.ts';

const cluster = (name: string, facts: Partial<ConfiguredCluster> = {}): ConfiguredCluster => ({
  name,
  maxConnectedClusters: 255,
  podCidrs: [],
  nodeCidrs: [],
  relay: `${name}:4245`,
  ...facts,
});

function finderOf(registry: ClusterRegistry) {
  const finder = createClusterFinder(
    (observer) => registry.meshOf(observer),
    () => registry.version,
  );
  return (observer: string, identity: number, clusterName = '') => {
    const end = { identity, clusterName, labels: [], namespace: '', podName: '' };
    const { name, origin } = finder.find(observer, end);
    return [name, origin];
  };
}

const { flow, identity, none } = ORIGIN;

test('clusters called `default` are known by who observes them', () => {
  const clusters = [
    cluster('a', { ciliumName: 'default' }),
    cluster('b', { ciliumName: 'default' }),
  ];
  const find = finderOf(new ClusterRegistry(clusters));
  expect(find('a', 1000, 'default')).toEqual(['a', flow]);
  expect(find('b', 1000, 'default')).toEqual(['b', flow]);
  // Imported, not configured.
  expect(find('c', 1000, 'default')).toEqual(['c', flow]);
});

test('a number without a cluster id is the observer’s own, be its id 0 or not', () => {
  const find = finderOf(new ClusterRegistry([cluster('a', { id: 0 }), cluster('b')]));
  expect(find('a', 1000)).toEqual(['a', identity]);
  expect(find('b', 1000)).toEqual(['b', identity]);
  expect(find('a', 1)).toEqual(['a', identity]);
  for (const number of [0, 2, 6, 0x1000001, 0x2000001])
    expect(find('a', number)).toEqual(['', none]);
  expect(find('elsewhere', 1000)).toEqual(['', none]);
});

test('an id that two clusters of a mesh have is its own observer’s, and nobody’s to others', () => {
  const clusters = [cluster('a', { id: 7 }), cluster('b', { id: 7 }), cluster('c', { id: 8 })];
  const find = finderOf(new ClusterRegistry(clusters));
  expect(find('a', 0x70001)).toEqual(['a', identity]);
  expect(find('b', 0x70001)).toEqual(['b', identity]);
  expect(find('c', 0x70001)).toEqual(['', none]);
  expect(find('b', 0x80001)).toEqual(['c', identity]);
});

test('names and ids hold within one mesh', () => {
  const clusters = [
    cluster('eu-1', { mesh: 'eu', ciliumName: 'one', id: 1 }),
    cluster('eu-2', { mesh: 'eu', ciliumName: 'two', id: 2 }),
    cluster('us-1', { mesh: 'us', ciliumName: 'one', id: 1 }),
  ];
  const find = finderOf(new ClusterRegistry(clusters));
  expect(find('eu-2', 0x10001)).toEqual(['eu-1', identity]);
  expect(find('us-1', 0x10001)).toEqual(['us-1', identity]);
  expect(find('us-1', 0x20001)).toEqual(['', none]);
  expect(find('eu-2', 0x10001, 'one')).toEqual(['eu-1', flow]);
  expect(find('us-1', 0x20001, 'two')).toEqual(['two', flow]);
  // Another mesh's cluster that happens to have the key of one of ours.
  expect(find('us-1', 0x30001, 'eu-1')).toEqual(['us/eu-1', flow]);
});

test('numbering for 511 clusters', () => {
  const clusters = [
    cluster('a', { mesh: 'm', maxConnectedClusters: 511, id: 300 }),
    cluster('b', { mesh: 'm', maxConnectedClusters: 511, id: 511 }),
  ];
  const find = finderOf(new ClusterRegistry(clusters));
  expect(find('a', 0xff8001)).toEqual(['b', identity]);
  expect(find('b', 300 * 32_768 + 5)).toEqual(['a', identity]);
});

test('a key finds the name that Cilium has, from Kubernetes or the names of nodes', () => {
  const registry = new ClusterRegistry([cluster('prod'), cluster('test')]);
  const find = finderOf(registry);
  expect(find('test', 0x10001, 'eks-1')).toEqual(['eks-1', flow]);
  const { version } = registry;
  registry.sawName('prod', 'eks-1');
  expect(registry.version).toBeGreaterThan(version);
  expect(find('test', 0x10001, 'eks-1')).toEqual(['prod', flow]);
  // A second name: its relay serves a mesh, or it was renamed.
  registry.sawName('prod', 'eks-2');
  expect(find('test', 0x10001, 'eks-1')).toEqual(['eks-1', flow]);
  registry.report('prod', {
    ciliumName: 'eks-1',
    id: 1,
    size: 511,
    podCidrs: [],
    nodePodCidrs: [],
    nodeAddresses: ['192.0.2.7', '2001:db8::7'],
  });
  expect(registry.locate('test', '192.0.2.7').cluster).toBe('prod');
  expect(registry.locate('test', '2001:db8::7').cluster).toBe('prod');
  expect(find('test', 0x10001, 'eks-1')).toEqual(['prod', flow]);
  expect(find('test', 0x10001)).toEqual(['prod', identity]);
  expect(registry.meshOf('prod')?.size).toBe(511);
});

test('addresses: its own networks first, pods of the mesh, nodes of any', () => {
  const registry = new ClusterRegistry([
    cluster('a', { podCidrs: ['10.0.0.0/8', 'fd00:a::/64'], nodeCidrs: ['192.168.1.0/24'] }),
    cluster('b', { podCidrs: ['10.1.0.0/16'], nodeCidrs: ['192.168.2.0/24'] }),
    cluster('c', { podCidrs: ['10.1.0.0/16'], nodeCidrs: ['192.168.3.0/24'] }),
    cluster('d', { mesh: 'other', podCidrs: ['10.1.0.0/16'], nodeCidrs: ['192.168.4.0/24'] }),
  ]);
  const at = (observer: string, address: string) => {
    const { cluster: name, inside } = registry.locate(observer, address);
    return inside ? name : 'outside';
  };
  expect(at('a', '10.1.2.3')).toBe('a');
  expect(at('b', '10.2.0.1')).toBe('a');
  expect(at('b', '10.1.2.3')).toBe('b');
  expect(at('d', '10.1.2.3')).toBe('d');
  expect(at('d', '10.2.0.1')).toBe('outside');
  expect(at('d', '192.168.1.9')).toBe('a');
  expect(at('a', '192.168.4.9')).toBe('d');
  expect(at('b', 'fd00:a::1')).toBe('a');
  expect(at('b', '::ffff:10.2.0.1')).toBe('outside');
  for (const text of ['', '8.8.8.8', 'nonsense', '10.2.0.1%eth0'])
    expect(at('a', text)).toBe('outside');
  // In two clusters' networks, and the observer's is neither.
  const rivals = new ClusterRegistry([
    cluster('x'),
    cluster('y', { podCidrs: ['10.1.0.0/16'] }),
    cluster('z', { podCidrs: ['10.1.0.0/16'] }),
  ]);
  expect(rivals.locate('x', '10.1.0.1')).toEqual({ cluster: '', inside: true });
});

test('says what it knows of each cluster, and from whom', () => {
  const registry = new ClusterRegistry([
    cluster('a', { id: 3, mesh: 'm', podCidrs: ['10.0.0.0/8'] }),
  ]);
  registry.report('a', {
    ciliumName: 'x',
    podCidrs: ['10.9.0.0/16'],
    nodePodCidrs: ['10.9.1.0/24'],
    nodeAddresses: [],
  });
  const facts = registry.facts().map(({ kind, value, origin }) => `${origin} ${kind} ${value}`);
  expect(facts).toEqual([
    'config id 3',
    'config max_connected_clusters 255',
    'config mesh m',
    'config pod_cidr 10.0.0.0/8',
    'config relay a:4245',
    'kubernetes name x',
    'kubernetes pod_cidr 10.9.0.0/16',
  ]);
});
