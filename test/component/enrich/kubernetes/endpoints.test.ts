// Reading CiliumEndpoints and namespaces of a Kubernetes API over HTTP.
import { expect, test } from 'vitest';
import { RESOLUTION } from '../../../../src/enrich/inventory/ends.ts';
import { WORKLOAD_ORIGIN } from '../../../../src/enrich/inventory/inventory.ts';
import { never } from '../../../engines/stores.ts';
import type { FakeKubernetes } from '../../../support/enrich/fake-kubernetes.ts';
import {
  ENDPOINTS,
  end,
  endpoint,
  IDENTITIES,
  kubernetesPerTest,
  NAMESPACES,
  NODES,
  node,
  PODS,
  pod,
  soon,
} from '../../../support/enrich/kubernetes-setup.ts';

let api: FakeKubernetes;
const setUp = kubernetesPerTest((fresh) => {
  api = fresh;
});

test('endpoints tell whose an address is, where it runs, and what its identity stands for', async () => {
  // Nothing is known of pods and identities: they may not be read.
  api.refuse.set(PODS, 403).set(IDENTITIES, 404).set(NODES, 403);
  const both = [{ ipv4: '10.6.0.1', ipv6: 'fd00::1' }];
  api.put(ENDPOINTS, endpoint('cart-5c9f7d6b5d-x2x4z', both, 393_217, 'cart'));
  api.put(ENDPOINTS, endpoint('cart-5c9f7d6b5d-b5b6c', [{ ipv4: '10.6.0.2' }], 393_217, 'cart'));
  // Just made; of a node's health; and one whose number only its node understands.
  api.put(ENDPOINTS, { metadata: { namespace: 'shop', name: 'fresh' } });
  api.put(ENDPOINTS, endpoint('health', [{ ipv4: '10.6.0.3' }], 4, 'reserved:health'));
  api.put(ENDPOINTS, endpoint('odd', [{ ipv4: '10.6.0.4' }], 0x01000005, 'odd'));
  const { source, ends, inventory, learned, metrics } = setUp();
  await source.start(never);
  await soon(() => expect(api.watching(ENDPOINTS)).toBe(true));
  const world = (address: string) => ends.find('west', end({ identity: 2 }), { address });
  for (const address of ['10.6.0.1', 'fd00::1'])
    expect(world(address)).toMatchObject({
      workload: 'shop/Deployment/cart',
      workloadOrigin: WORKLOAD_ORIGIN.derived,
      node: '',
      resolution: RESOLUTION.unresolved,
    });
  expect(world('10.6.9.9').resolution).toBe(RESOLUTION.outside);
  // Two endpoints, one identity.
  expect(learned).toMatchObject([
    {
      cluster: 'west',
      identity: 393_217,
      labels: ['k8s:a=b', 'k8s:app=cart'],
      source: 'kubernetes',
    },
  ]);
  expect(learned[0]?.firstMs).toBeGreaterThan(Date.now() - 60_000);
  expect(await metrics.metrics()).toContain(
    'parallax_kubernetes_objects{cluster="west",resource="ciliumendpoints"} 5',
  );

  // Nodes come later than what runs on them.
  api.put(NODES, node);
  api.refuse.clear();
  await soon(() => expect(world('10.6.0.1')).toMatchObject({ node: 'n1', zone: 'z1' }));

  // Other labels are another identity.
  api.put(ENDPOINTS, endpoint('cart-5c9f7d6b5d-x2x4z', both, 393_218, 'web'));
  await soon(() => expect(learned.map(({ identity }) => identity)).toEqual([393_217, 393_218]));
  // An address is given away before its old owner's end is told.
  api.put(ENDPOINTS, endpoint('next', [{ ipv4: '10.6.0.1' }], 393_218, 'web'));
  api.remove(ENDPOINTS, 'cart-5c9f7d6b5d-x2x4z', 'shop');
  await soon(() => expect(inventory.address('west', '', 'fd00::1')).toBeUndefined());
  expect(inventory.address('west', '', '10.6.0.1')?.pod).toBe('next');
  api.put(ENDPOINTS, endpoint('next', [{ ipv4: '10.6.0.8' }], 393_218, 'web'));
  await soon(() => {
    expect(inventory.address('west', '', '10.6.0.1')).toBeUndefined();
    expect(inventory.address('west', '', '10.6.0.8')?.pod).toBe('next');
  });
  expect(learned).toHaveLength(2);
});

test('a pod that has an address comes before an endpoint that may be left over', async () => {
  api.put(PODS, pod('now', '10.6.0.1'));
  const { source, inventory } = setUp();
  await source.start(never);
  await soon(() => expect(inventory.address('west', '', '10.6.0.1')?.pod).toBe('now'));
  api.put(ENDPOINTS, endpoint('left-over', [{ ipv4: '10.6.0.1' }], 300, 'a'));
  api.put(ENDPOINTS, endpoint('seen', [{ ipv4: '10.6.0.2' }], 300, 'a'));
  await soon(() => expect(inventory.address('west', '', '10.6.0.2')?.pod).toBe('seen'));
  expect(inventory.address('west', '', '10.6.0.1')).toMatchObject({ pod: 'now', node: 'n1' });
  // The end of an endpoint takes nothing away from the pod.
  api.remove(ENDPOINTS, 'left-over', 'shop');
  api.remove(ENDPOINTS, 'seen', 'shop');
  await soon(() => expect(inventory.address('west', '', '10.6.0.2')).toBeUndefined());
  expect(inventory.address('west', '', '10.6.0.1')?.pod).toBe('now');
});

test('which namespaces there are is a fact of the cluster', async () => {
  for (const name of ['shop', 'kube-system', 'empty']) api.put(NAMESPACES, { metadata: { name } });
  const { source, registry } = setUp();
  const names = () =>
    registry
      .facts()
      .flatMap(({ cluster, kind, value, origin }) =>
        kind === 'namespace' ? [`${cluster} ${value} ${origin}`] : [],
      );
  await source.start(never);
  const all = ['west empty kubernetes', 'west kube-system kubernetes', 'west shop kubernetes'];
  await soon(() => expect(names()).toEqual(all));
  const { version, factsVersion } = registry;
  api.put(NAMESPACES, { metadata: { name: 'extra' } });
  api.remove(NAMESPACES, 'empty');
  await soon(() =>
    expect(names()).toEqual([
      'west extra kubernetes',
      'west kube-system kubernetes',
      'west shop kubernetes',
    ]),
  );
  // To be written down again; what was answered before stays right.
  expect(registry.factsVersion).toBeGreaterThan(factsVersion);
  expect(registry.version).toBe(version);
});

test('without endpoints and namespaces the others are read all the same', async () => {
  api.refuse.set(ENDPOINTS, 404).set(NAMESPACES, 403);
  api.put(PODS, pod('one', '10.6.0.1'));
  api.put(ENDPOINTS, endpoint('one', [{ ipv4: '10.6.0.1' }], 300, 'a'));
  api.put(NAMESPACES, { metadata: { name: 'shop' } });
  const { source, inventory, learned, metrics, registry } = setUp();
  await source.start(never);
  await soon(() => {
    const { state, reason = '' } = { reason: '', ...source.health() };
    expect(state).toBe('degraded');
    expect(reason).toMatch(/ciliumendpoints.* not read/);
    expect(reason).toMatch(/namespaces.* not read/);
  });
  await soon(() => expect(inventory.pod('west', 'shop', 'one')).toBeDefined());
  expect(learned).toEqual([]);
  const text = await metrics.metrics();
  for (const [resource, up] of Object.entries({ ciliumendpoints: 0, namespaces: 0, pods: 1 }))
    expect(text).toContain(`parallax_kubernetes_up{cluster="west",resource="${resource}"} ${up}`);
  api.refuse.clear();
  await soon(() => expect(learned).toHaveLength(1));
  await soon(() => expect(registry.facts().some(({ value }) => value === 'shop')).toBe(true));
  await soon(() => expect(source.health()).toEqual({ state: 'ok' }));
});
