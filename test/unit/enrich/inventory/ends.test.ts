import { expect, test } from 'vitest';
import { createClusterFinder, ORIGIN } from '../../../../src/enrich/inventory/clusters.ts';
import {
  createEndFinder,
  DEPENDS_ON,
  type FlowEndpoint,
  RESOLUTION,
} from '../../../../src/enrich/inventory/ends.ts';
import { Inventory, WORKLOAD_ORIGIN } from '../../../../src/enrich/inventory/inventory.ts';
import { ClusterRegistry } from '../../../../src/enrich/inventory/registry.ts';
import { workloadOfOwner, workloadOfPodName } from '../../../../src/enrich/inventory/workloads.ts';

function setUp() {
  const registry = new ClusterRegistry([
    {
      name: 'east',
      id: 5,
      maxConnectedClusters: 255,
      podCidrs: ['10.5.0.0/16'],
      nodeCidrs: ['172.16.5.0/24'],
      relay: 'e',
    },
    {
      name: 'west',
      id: 6,
      maxConnectedClusters: 255,
      podCidrs: ['10.6.0.0/16'],
      nodeCidrs: [],
      relay: 'w',
    },
  ]);
  let now = 0;
  const limits = { maxPods: 100, maxServices: 10, refreshMs: 1000 };
  const inventory = new Inventory(limits, { now: () => now });
  const clusters = createClusterFinder((observer) => registry.meshOf(observer));
  const finder = createEndFinder({ clusters, registry, inventory });
  return { finder, inventory, pass: (ms: number) => (now += ms) };
}

const end = (facts: Partial<FlowEndpoint>): FlowEndpoint => ({
  id: 0,
  identity: 0,
  clusterName: '',
  namespace: '',
  podName: '',
  labels: [],
  workloads: [],
  ...facts,
});
const cart = { identity: 0x60007, namespace: 'shop', podName: 'cart-5c9f7d6b5d-x2x4z' };
const world = end({ identity: 2, labels: ['reserved:world'] });

test.each([
  ['cart-5c9f7d6b5d-x2x4z', 'Deployment/cart'],
  ['cart-api-7d6b5d-x2x4z', 'Deployment/cart-api'],
  ['old-1234567890-x2x4z', 'Deployment/old'],
  ['db-0', 'StatefulSet/db'],
  ['db-shard-12', 'StatefulSet/db-shard'],
  ['cilium-x2x4z', 'DaemonSet/cilium'],
  ['backup-29365440-x2x4z', 'CronJob/backup'],
  ['worker', undefined],
  ['db-01', undefined],
  ['kube-apiserver-node', undefined],
  ['', undefined],
])('the pod %s is of %s', (pod, workload) => {
  expect(workloadOfPodName(pod)).toBe(workload);
});

test.each([
  ['ReplicaSet', 'cart-5c9f7d6b5d', 'Deployment/cart'],
  ['ReplicaSet', 'bare', 'ReplicaSet/bare'],
  ['Job', 'backup-29365440', 'CronJob/backup'],
  ['Job', 'once', 'Job/once'],
  ['StatefulSet', 'db', 'StatefulSet/db'],
])('a pod owned by %s %s is of %s', (kind, name, workload) => {
  expect(workloadOfOwner(kind, name)).toBe(workload);
});

test('the workload: the flow’s, else of other flows of the pod, else from its name', () => {
  const { finder, inventory, pass } = setUp();
  expect(finder.find('east', end(cart))).toMatchObject({
    name: 'west',
    origin: ORIGIN.identity,
    workload: 'shop/Deployment/cart',
    workloadOrigin: WORKLOAD_ORIGIN.derived,
    dependsOn: DEPENDS_ON.nothing,
    node: '',
  });
  // Its own node knows the workload, and where it runs.
  const local = end({ ...cart, id: 7, workloads: ['Rollout/cart'] });
  const before = finder.version;
  expect(finder.find('west', local).dependsOn).toBe(DEPENDS_ON.node);
  const context = {
    node: 'west/n1',
    nodeLabels: 'kubernetes.io/os=linux\ntopology.kubernetes.io/zone=z1\nx=y',
  };
  expect(finder.find('west', local, context)).toMatchObject({
    workload: 'shop/Rollout/cart',
    workloadOrigin: WORKLOAD_ORIGIN.flow,
    node: 'n1',
    zone: 'z1',
  });
  pass(1000);
  expect(finder.version).toBeGreaterThan(before);
  expect(finder.find('east', end(cart))).toMatchObject({
    workload: 'shop/Rollout/cart',
    workloadOrigin: WORKLOAD_ORIGIN.flows,
    node: 'n1',
    zone: 'z1',
  });
  // The observer's own pod of that name is another one.
  expect(finder.find('east', end({ ...cart, identity: 0x50007 }))).toMatchObject({
    workloadOrigin: WORKLOAD_ORIGIN.derived,
    node: '',
  });
  inventory.setPod('west', 'shop', cart.podName, {
    workload: 'Deployment/cart',
    origin: WORKLOAD_ORIGIN.kubernetes,
    node: 'n1',
    zone: 'z1',
  });
  // What a flow says later does not take the place of what Kubernetes says.
  finder.find('west', local, context);
  expect(finder.find('east', end(cart)).workloadOrigin).toBe(WORKLOAD_ORIGIN.kubernetes);
});

test('`world` inside a network of a cluster is unresolved, outside it is the world', () => {
  const { finder } = setUp();
  expect(finder.find('east', world).dependsOn).toBe(DEPENDS_ON.address);
  const at = (address: string, of = world) => finder.find('east', of, { address });
  expect(at('10.6.1.2')).toMatchObject({
    name: 'west',
    origin: ORIGIN.address,
    resolution: RESOLUTION.unresolved,
  });
  expect(at('8.8.8.8')).toMatchObject({
    name: '',
    origin: ORIGIN.none,
    resolution: RESOLUTION.outside,
  });
  // A network numbered by the node for itself, nothing found, and another node.
  expect(at('10.6.1.2', end({ identity: 0x1000007 })).resolution).toBe(RESOLUTION.unresolved);
  expect(at('10.6.1.2', end({})).resolution).toBe(RESOLUTION.unresolved);
  expect(at('8.8.8.8', end({})).resolution).toBe(RESOLUTION.reported);
  expect(at('172.16.5.9', end({ identity: 6 }))).toMatchObject({
    name: 'east',
    origin: ORIGIN.address,
    resolution: RESOLUTION.reported,
  });
});

test('Kubernetes knows the pod behind an address that is `world` to the flow', () => {
  const { finder, inventory } = setUp();
  inventory.setAddress('10.6.1.2', { cluster: 'west', namespace: 'shop', pod: 'db-0', node: 'n2' });
  inventory.setZone('west', 'n2', 'z2');
  expect(finder.find('east', world, { address: '10.6.1.2' })).toMatchObject({
    name: 'west',
    workload: 'shop/StatefulSet/db',
    node: 'n2',
    zone: 'z2',
    resolution: RESOLUTION.unresolved,
  });
  inventory.deleteAddress('west', '10.6.1.2', 'shop', 'another-pod');
  inventory.deleteAddress('west', '10.6.1.2', 'elsewhere', 'db-0');
  expect(inventory.address('west', '', '10.6.1.2')).toBeDefined();
  inventory.deleteAddress('west', '10.6.1.2', 'shop', 'db-0');
  expect(inventory.address('west', '', '10.6.1.2')).toBeUndefined();
});

test('host is on the observing node', () => {
  const { finder } = setUp();
  expect(finder.find('east', end({ identity: 1 }), { node: 'east/n1' })).toMatchObject({
    name: 'east',
    node: 'n1',
  });
});

test('an endpoint id that is only the identity again does not make an end local', () => {
  const { finder } = setUp();
  const copied = end({ ...cart, id: cart.identity });
  expect(finder.find('east', copied).dependsOn).toBe(DEPENDS_ON.nothing);
  expect(finder.find('east', copied, { node: 'east/n1' }).node).toBe('');
});

test('what is learned stays within its limits', () => {
  const { inventory } = setUp();
  for (let i = 0; i < 500; i++) {
    const facts = { workload: 'Deployment/a', origin: WORKLOAD_ORIGIN.flows, node: 'n', zone: '' };
    inventory.setPod('east', 'shop', `p${i}`, facts);
    inventory.setScope('east', 'shop', `s${i}`, 'global');
  }
  expect(inventory.pods.size).toBeLessThanOrEqual(100);
  expect(inventory.pods.size + inventory.pods.evicted).toBe(500);
  expect(inventory.pod('east', 'shop', 'p451')).toBeDefined();
  expect(inventory.pod('east', 'shop', 'p499')).toBeDefined();
  expect(inventory.pod('east', 'shop', 'p0')).toBeUndefined();
  expect(inventory.scope('east', 'shop', 's0')).toBe('');
  expect(inventory.scope('east', 'shop', 's499')).toBe('global');
});
