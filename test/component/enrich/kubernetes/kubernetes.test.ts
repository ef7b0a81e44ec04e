// Reading a Kubernetes API over HTTP: what it says reaches flows and the catalogue, and it may fail in every way.
import { rejects } from 'node:assert/strict';
import { expect, onTestFinished, test } from 'vitest';
import { ORIGIN } from '../../../../src/enrich/inventory/clusters.ts';
import { RESOLUTION } from '../../../../src/enrich/inventory/ends.ts';
import { WORKLOAD_ORIGIN } from '../../../../src/enrich/inventory/inventory.ts';
import { never } from '../../../engines/stores.ts';
import { FakeKubernetes } from '../../../support/enrich/fake-kubernetes.ts';
import {
  CONFIG,
  end,
  IDENTITIES,
  identity,
  kubernetesPerTest,
  NODES,
  node,
  PATHS,
  PODS,
  pod,
  SERVICES,
  soon,
} from '../../../support/enrich/kubernetes-setup.ts';
import { makeCertificates } from '../../../support/ingest/certificates.ts';

let api: FakeKubernetes;
const setUp = kubernetesPerTest((fresh) => {
  api = fresh;
});

test('what Kubernetes knows is added to flows', async () => {
  api.put(PODS, pod('one', '10.6.0.1'));
  api.put(PODS, pod('two', '10.6.0.2'));
  api.put(PODS, pod('three', '10.6.0.3'));
  api.put(NODES, node);
  api.put(IDENTITIES, identity(393_217, 'cart'));
  api.put(SERVICES, {
    metadata: {
      namespace: 'shop',
      name: 'cart',
      annotations: { 'service.cilium.io/global': 'true', 'service.cilium.io/affinity': 'local' },
    },
  });
  api.put(CONFIG, {
    metadata: { namespace: 'kube-system', name: 'cilium-config' },
    data: {
      'cluster-name': 'eks-6',
      'cluster-id': '6',
      'max-connected-clusters': '511',
      'cluster-pool-ipv4-cidr': '10.6.0.0/16',
    },
  });
  const { source, ends, learned, registry, metrics } = setUp();
  await source.start(never);
  await soon(() => {
    for (const path of PATHS) expect(api.watching(path)).toBe(true);
  });
  expect(api.unauthorised).toEqual([]);
  expect(source.health()).toEqual({ state: 'ok' });

  expect(
    ends.find('east', end({ clusterName: 'eks-6', namespace: 'shop', podName: 'three' })),
  ).toMatchObject({
    name: 'west',
    workload: 'shop/Deployment/cart',
    workloadOrigin: WORKLOAD_ORIGIN.kubernetes,
    node: 'n1',
    zone: 'z1',
  });
  expect(ends.find('east', end({ identity: 2 }), { address: '10.6.0.2' })).toMatchObject({
    name: 'west',
    origin: ORIGIN.address,
    workload: 'shop/Deployment/cart',
    resolution: RESOLUTION.unresolved,
  });
  expect(ends.find('east', end({ identity: 6 }), { address: '192.0.2.1' })).toMatchObject({
    name: 'west',
    origin: ORIGIN.address,
    node: 'n1',
    zone: 'z1',
  });
  // 511 numbering, from cilium-config.
  expect(ends.find('west', end({ identity: 6 * 32_768 + 1 })).name).toBe('west');
  expect(ends.scopes()?.('west', 'shop', 'cart')).toBe('global affinity=local');
  expect(learned).toMatchObject([
    {
      cluster: 'west',
      identity: 393_217,
      labels: ['k8s:app=cart', 'reserved:x'],
      firstMs: Date.UTC(2026, 2, 1),
      source: 'kubernetes',
    },
  ]);
  expect(registry.facts().filter(({ origin }) => origin === 'kubernetes')).toHaveLength(4);
  expect(await metrics.metrics()).toContain(
    'parallax_kubernetes_objects{cluster="west",resource="pods"} 3',
  );
});

test('changes come by the watch', async () => {
  api.put(PODS, pod('one', '10.6.0.1'));
  const { source, inventory, learned } = setUp();
  await source.start(never);
  await soon(() => expect(api.watching(PODS)).toBe(true));
  api.put(PODS, pod('two', '10.6.0.2', 'web-5c9f7d6b5d'));
  api.put(PODS, pod('one', '10.6.0.7'));
  await soon(() => {
    expect(inventory.pod('west', 'shop', 'two')?.workload).toBe('Deployment/web');
    expect(inventory.address('west', '', '10.6.0.1')).toBeUndefined();
    expect(inventory.address('west', '', '10.6.0.7')?.pod).toBe('one');
  });
  api.remove(PODS, 'one', 'shop');
  await soon(() => {
    expect(inventory.pod('west', 'shop', 'one')).toBeUndefined();
    expect(inventory.address('west', '', '10.6.0.7')).toBeUndefined();
  });
  api.put(IDENTITIES, identity(5, 'a'));
  api.remove(IDENTITIES, '5');
  await soon(() => expect(learned).toHaveLength(2));
});

test('an API with a certificate of the authority in the kubeconfig is read, another is not', async () => {
  const certificates = makeCertificates();
  const served = { key: certificates.read('relay.key'), cert: certificates.read('relay.pem') };
  const [own, other] = [certificates.read('ca.pem'), certificates.read('other.pem')];
  certificates.remove();
  for (const [authority, host, refusal] of [
    [own, 'relay.test', undefined],
    [own, 'another.test', /does not match certificate's altnames/],
    [other, 'relay.test', /certificate/],
  ] as const) {
    const secure = new FakeKubernetes({ ...served, ca: authority, host });
    await secure.start();
    onTestFinished(() => secure.stop());
    secure.put(PODS, pod('one', '10.6.0.1'));
    const { source, inventory } = setUp({}, secure);
    await source.start(never);
    if (refusal === undefined)
      await soon(() => expect(inventory.pod('west', 'shop', 'one')).toBeDefined());
    else
      await soon(() =>
        expect(source.health()).toMatchObject({ reason: expect.stringMatching(refusal) }),
      );
    expect(secure.requests.length > 0).toBe(refusal === undefined);
    await source.stop();
  }
});

test('a version that is too old is listed anew: what went meanwhile is gone, what came is there', async () => {
  api.put(PODS, pod('old', '10.6.0.1'));
  const { source, inventory } = setUp();
  await source.start(never);
  await soon(() => expect(api.watching(PODS)).toBe(true));
  api.forget(() => {
    api.remove(PODS, 'old', 'shop');
    api.put(PODS, pod('new', '10.6.0.2'));
  });
  await soon(() => {
    expect(inventory.pod('west', 'shop', 'old')).toBeUndefined();
    expect(inventory.pod('west', 'shop', 'new')).toBeDefined();
  });
  await soon(() => expect(api.watching(PODS)).toBe(true));
  // The same, told within the stream.
  api.expire();
  const lists = () =>
    api.requests.filter((url) => url.pathname === PODS && !url.searchParams.has('watch')).length;
  const before = lists();
  await soon(() => expect(lists()).toBeGreaterThan(before));
  await soon(() => expect(source.health()).toEqual({ state: 'ok' }));
});

test('a watch that breaks is taken up where it was, without another list', async () => {
  api.put(PODS, pod('one', '10.6.0.1'));
  const { source, inventory } = setUp();
  await source.start(never);
  await soon(() => expect(api.watching(PODS)).toBe(true));
  const lists = () =>
    api.requests.filter((url) => url.pathname === PODS && !url.searchParams.has('watch')).length;
  const before = lists();
  api.breakOff();
  api.put(PODS, pod('meanwhile', '10.6.0.2'));
  await soon(() => expect(inventory.pod('west', 'shop', 'meanwhile')).toBeDefined());
  expect(lists()).toBe(before);
  // Kinds of which nothing is told are watched again too, and that is known at once.
  await soon(() => expect(source.health()).toEqual({ state: 'ok' }));
});

test('what may not be read is said, and read once it may', async () => {
  api.put(PODS, pod('one', '10.6.0.1'));
  api.put(NODES, node);
  api.refuse.set(PODS, 403);
  const { source, inventory, metrics } = setUp();
  await source.start(never);
  await soon(() =>
    expect(source.health()).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/pods not read.*refused with 403/),
    }),
  );
  await soon(() => expect(inventory.zone('west', 'n1')).toBe('z1'));
  expect(await metrics.metrics()).toContain(
    'parallax_kubernetes_up{cluster="west",resource="pods"} 0',
  );
  api.refuse.clear();
  await soon(() => expect(inventory.pod('west', 'shop', 'one')).toBeDefined());
  await soon(() => expect(source.health()).toEqual({ state: 'ok' }));
});

test('more objects than allowed are passed over and counted', async () => {
  for (let i = 0; i < 7; i++) api.put(PODS, pod(`p${i}`, `10.6.0.${i}`));
  const { source, metrics } = setUp({ maxPods: 4 });
  await source.start(never);
  await soon(async () =>
    expect(await metrics.metrics()).toContain(
      'parallax_kubernetes_objects_passed_over{cluster="west",resource="pods"} 3',
    ),
  );
});

test('an API that does not answer holds up neither start nor stop', async () => {
  const { source } = setUp();
  api.breakOff(true);
  await source.start(never);
  await soon(() => expect(api.requests.length).toBeGreaterThan(0));
  await source.stop();
});

test('wrong settings are refused by name', async () => {
  await rejects(setUp({ context: 'nowhere' }).source.start(never), {
    code: 'config/invalid',
    message: /"nowhere" is not in the kubeconfig; it has fake, nothing/,
  });
});
