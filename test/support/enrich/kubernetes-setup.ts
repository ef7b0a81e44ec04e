// What tests of reading a fake Kubernetes share: its paths and objects, and a reader of cluster `west` with what it fills.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, vi } from 'vitest';
import type { IdentityFact } from '../../../src/enrich/inventory/catalogue.ts';
import { createClusterFinder } from '../../../src/enrich/inventory/clusters.ts';
import { createEndFinder, type FlowEndpoint } from '../../../src/enrich/inventory/ends.ts';
import { Inventory } from '../../../src/enrich/inventory/inventory.ts';
import { ClusterRegistry } from '../../../src/enrich/inventory/registry.ts';
import { KubernetesSource } from '../../../src/enrich/kubernetes/source.ts';
import { kubernetesMetrics } from '../../../src/enrich/metrics.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeKubernetes } from './fake-kubernetes.ts';

export const PODS = '/api/v1/pods';
export const SERVICES = '/api/v1/services';
export const IDENTITIES = '/apis/cilium.io/v2/ciliumidentities';
export const NODES = '/apis/cilium.io/v2/ciliumnodes';
export const CONFIG = '/api/v1/namespaces/kube-system/configmaps';
export const ENDPOINTS = '/apis/cilium.io/v2/ciliumendpoints';
export const NAMESPACES = '/api/v1/namespaces';
export const PATHS = [PODS, SERVICES, IDENTITIES, NODES, CONFIG, ENDPOINTS, NAMESPACES];

export const soon = <T>(check: () => T) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

/** Gives each test a fake Kubernetes; what comes back makes readers of one, which end with the test. */
export function kubernetesPerTest(use: (api: FakeKubernetes) => void) {
  let api: FakeKubernetes;
  const sources: KubernetesSource[] = [];
  beforeEach(async () => {
    api = new FakeKubernetes();
    await api.start();
    use(api);
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.stop()));
    await api.stop();
  });
  return (options: ReaderOptions = {}, of = api) => {
    const made = reader(of, options);
    sources.push(made.source);
    return made;
  };
}

interface ReaderOptions {
  readonly context?: string;
  readonly maxPods?: number;
}

function reader(api: FakeKubernetes, { context = 'fake', maxPods = 100 }: ReaderOptions) {
  const registry = new ClusterRegistry([
    { name: 'east', maxConnectedClusters: 255, podCidrs: [], nodeCidrs: [], relay: 'e' },
    { name: 'west', maxConnectedClusters: 255, podCidrs: [], nodeCidrs: [], relay: 'w' },
  ]);
  const limits = { maxPods, maxServices: 10, maxIdentities: 10, refreshMs: 0 };
  const inventory = new Inventory(limits, systemClock);
  const learned: IdentityFact[] = [];
  const metrics = new Registry();
  const source = new KubernetesSource({
    cluster: 'west',
    config: { kubeconfig: api.kubeconfig, context, inCluster: false, namespace: 'kube-system' },
    limits,
    registry,
    inventory,
    catalogue: { learn: async (facts) => void learned.push(...facts) },
    metrics: kubernetesMetrics(metrics),
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
  const clusters = createClusterFinder((observer) => registry.meshOf(observer));
  const ends = createEndFinder({ clusters, registry, inventory });
  return { registry, inventory, learned, metrics, source, ends };
}

export const pod = (name: string, address: string, owner = 'cart-5c9f7d6b5d') => ({
  metadata: {
    namespace: 'shop',
    name,
    ownerReferences: [{ kind: 'ReplicaSet', name: owner, controller: true }],
  },
  spec: { nodeName: 'n1' },
  status: { podIPs: [{ ip: address }] },
});
export const identity = (number: number, app: string) => ({
  metadata: { name: String(number), creationTimestamp: '2026-03-01T00:00:00Z' },
  'security-labels': { 'k8s:app': app, 'reserved:x': '' },
});
export const endpoint = (
  name: string,
  addresses: readonly object[],
  number: number,
  app: string,
) => ({
  metadata: { namespace: 'shop', name },
  status: {
    networking: { addressing: addresses, node: '192.0.2.1' },
    identity: { id: number, labels: [`k8s:app=${app}`, 'k8s:a=b'] },
  },
});
export const node = {
  metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
  spec: {
    addresses: [
      { type: 'InternalIP', ip: '192.0.2.1' },
      { type: 'CiliumInternalIP', ip: '10.6.0.9' },
    ],
    ipam: { podCIDRs: ['10.6.0.0/24'] },
  },
};
export const end = (facts: Partial<FlowEndpoint>): FlowEndpoint => ({
  id: 0,
  identity: 0,
  clusterName: '',
  namespace: '',
  podName: '',
  labels: [],
  workloads: [],
  ...facts,
});
