// Reads one cluster's Kubernetes: identities into the catalogue, pods, endpoints, nodes and services into the inventory,
// name, id, numbering, networks and namespaces into the registry. Nothing waits for it: while it is away, flows are
// stored with what they say themselves, and health is degraded.

import type { Logger } from 'pino';
import { backoff } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { HOUR_MS, MINUTE_MS } from '../../runtime/time.ts';
import type { Catalogue, IdentityFact } from '../inventory/catalogue.ts';
import { type Inventory, WORKLOAD_ORIGIN } from '../inventory/inventory.ts';
import type { ClusterRegistry } from '../inventory/registry.ts';
import type { KubernetesMetrics } from '../metrics.ts';
import { type KubernetesAccess, openKubernetes } from './api.ts';
import { ciliumEndpoints } from './endpoints.ts';
import {
  type CiliumConfigRecord,
  ciliumConfigOf,
  type IdentityRecord,
  identityOf,
  type NodeRecord,
  nodeOf,
  type PodRecord,
  podOf,
  type ServiceRecord,
  serviceOf,
} from './objects.ts';
import { Reflector, type Resource } from './reflector.ts';

export interface KubernetesDeps {
  /** Key of the cluster. */
  readonly cluster: string;
  readonly config: KubernetesAccess;
  readonly limits: {
    readonly maxPods: number;
    readonly maxServices: number;
    readonly maxIdentities: number;
  };
  readonly registry: Pick<ClusterRegistry, 'report' | 'reportNamespaces'>;
  readonly inventory: Inventory;
  readonly catalogue: Pick<Catalogue, 'learn'>;
  readonly metrics: KubernetesMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Everything is listed again twice a day, so that what lives on is not forgotten as old. */
const RELIST_MS = 12 * HOUR_MS;

export class KubernetesSource implements Component {
  readonly name: string;
  private readonly deps: KubernetesDeps;
  private readonly over = new AbortController();
  private readonly failures = new Map<string, string>();
  private running: Promise<unknown> = Promise.resolve();
  private nodes = new Map<string, NodeRecord>();
  private config: CiliumConfigRecord | undefined;
  private reportedConfig: CiliumConfigRecord | undefined;
  private nodesChanged = false;
  private learned: IdentityFact[] = [];

  constructor(deps: KubernetesDeps) {
    this.deps = deps;
    this.name = `kubernetes ${deps.cluster}`;
  }

  /** Resolves at once: what Kubernetes knows comes as it comes. Rejects with `config/invalid` for wrong settings. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.over.abort(), { once: true });
    const { config, clock, metrics, cluster, logger, limits, inventory, catalogue } = this.deps;
    const api = await openKubernetes(config).catch((error: unknown) => {
      if (error instanceof ParallaxError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ParallaxError('config/invalid', `kubernetes of cluster ${cluster}: ${why}`);
    });
    const follow = <T>(resource: Resource<T>, maxObjects: number) => {
      const labels = { cluster, resource: resource.name };
      const reflector = new Reflector(resource, {
        api,
        clock,
        backoff: backoff({ initialMs: 500, maxMs: MINUTE_MS }),
        maxObjects,
        relistMs: RELIST_MS,
        onState: ({ objects, passedOver, failure }) => {
          metrics.objects.set(labels, objects);
          metrics.passedOver.set(labels, passedOver);
          metrics.up.set(labels, failure === undefined ? 1 : 0);
          if (failure !== undefined) metrics.failures.inc(labels);
          if (failure !== undefined && !this.failures.has(resource.name))
            logger.warn(
              { cluster, resource: resource.name, reason: failure },
              'kubernetes not read',
            );
          if (failure === undefined) this.failures.delete(resource.name);
          else this.failures.set(resource.name, failure);
        },
      });
      return reflector.run(this.over.signal);
    };
    const endpoints = ciliumEndpoints({
      cluster,
      inventory,
      maxIdentities: limits.maxIdentities,
      learn: (facts) => catalogue.learn(facts, this.over.signal),
      clock,
    });
    this.running = Promise.all([
      follow(this.ciliumConfig(), 1),
      follow(this.ciliumNodes(), limits.maxPods),
      follow(this.identities(), limits.maxIdentities),
      follow(this.pods(), limits.maxPods),
      follow(endpoints, limits.maxPods),
      follow(this.services(), limits.maxServices),
      follow(this.namespaces(), limits.maxServices),
    ]);
  }

  async stop(): Promise<void> {
    this.over.abort();
    await this.running;
  }

  health(): Health {
    const [first] = this.failures;
    if (first === undefined) return { state: 'ok' };
    const [, reason] = first;
    const resources = [...this.failures.keys()].join(', ');
    return {
      state: 'degraded',
      reason: `${resources} not read, enrichment goes without: ${reason}`,
    };
  }

  private ciliumConfig(): Resource<CiliumConfigRecord> {
    const { namespace } = this.deps.config;
    return {
      name: 'cilium-config',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
      params: { fieldSelector: 'metadata.name=cilium-config' },
      read: ciliumConfigOf,
      set: (config) => {
        this.config = config;
      },
      remove: () => {},
      flush: () => this.report(),
    };
  }

  private ciliumNodes(): Resource<NodeRecord> {
    const { inventory, cluster } = this.deps;
    return {
      name: 'ciliumnodes',
      path: '/apis/cilium.io/v2/ciliumnodes',
      read: nodeOf,
      set: (node, before) => {
        this.nodes.set(node.name, node);
        if (before && JSON.stringify(before) === JSON.stringify(node)) return;
        this.nodesChanged = true;
        inventory.setZone(cluster, node.name, node.zone);
        for (const address of node.addresses)
          inventory.setAddress(address, { cluster, namespace: '', pod: '', node: node.name });
      },
      remove: (node) => {
        this.nodes.delete(node.name);
        this.nodesChanged = true;
        for (const address of node.addresses) inventory.deleteAddress(cluster, address, '', '');
      },
      flush: () => this.report(),
    };
  }

  private identities(): Resource<IdentityRecord> {
    const { catalogue, cluster, clock } = this.deps;
    const learn = ({ identity, labels, createdMs }: IdentityRecord) =>
      this.learned.push({
        cluster,
        identity,
        labels,
        firstMs: createdMs,
        lastMs: Math.max(createdMs, clock.now()),
        source: 'kubernetes',
      });
    return {
      name: 'ciliumidentities',
      path: '/apis/cilium.io/v2/ciliumidentities',
      read: identityOf,
      set: learn,
      // It held until now.
      remove: learn,
      flush: () => {
        const facts = this.learned;
        this.learned = [];
        return catalogue.learn(facts, this.over.signal);
      },
    };
  }

  private pods(): Resource<PodRecord> {
    const { inventory, cluster } = this.deps;
    return {
      name: 'pods',
      path: '/api/v1/pods',
      read: podOf,
      set: (pod, before) => {
        const { namespace, name, workload, node, addresses } = pod;
        const origin = WORKLOAD_ORIGIN.kubernetes;
        inventory.setPod(cluster, namespace, name, { workload, origin, node, zone: '' });
        for (const address of before?.addresses ?? [])
          if (!addresses.includes(address))
            inventory.deleteAddress(cluster, address, namespace, name);
        for (const address of addresses)
          if (!before?.addresses.includes(address))
            inventory.setAddress(address, { cluster, namespace, pod: name, node });
      },
      remove: ({ namespace, name, addresses }) => {
        for (const address of addresses) inventory.deleteAddress(cluster, address, namespace, name);
        inventory.deletePod(cluster, namespace, name);
      },
    };
  }

  private services(): Resource<ServiceRecord> {
    const { inventory, cluster } = this.deps;
    return {
      name: 'services',
      path: '/api/v1/services',
      read: serviceOf,
      set: ({ namespace, name, scope }) => inventory.setScope(cluster, namespace, name, scope),
      remove: ({ namespace, name }) => inventory.setScope(cluster, namespace, name, ''),
    };
  }

  private namespaces(): Resource<string> {
    const { registry, cluster } = this.deps;
    const names = new Set<string>();
    return {
      name: 'namespaces',
      path: '/api/v1/namespaces',
      // Their labels are among those of the identities already.
      read: ({ metadata }) => metadata.name,
      set: (name) => names.add(name),
      remove: (name) => names.delete(name),
      // Half a list would report the rest as gone.
      flush: (complete) => {
        if (complete) registry.reportNamespaces(cluster, names);
      },
    };
  }

  private report(): void {
    if (!this.nodesChanged && this.config === this.reportedConfig) return;
    this.nodesChanged = false;
    this.reportedConfig = this.config;
    const { registry, cluster } = this.deps;
    const { ciliumName, id, size, podCidrs = [] } = this.config ?? {};
    const nodes = [...this.nodes.values()];
    registry.report(cluster, {
      ...(ciliumName === undefined ? {} : { ciliumName }),
      ...(id === undefined ? {} : { id }),
      ...(size === undefined ? {} : { size }),
      podCidrs,
      nodePodCidrs: nodes.flatMap((node) => node.podCidrs),
      nodeAddresses: nodes.flatMap(({ addresses }) => addresses),
    });
  }
}
