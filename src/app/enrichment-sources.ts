// Sources of enrichment, wired from the configuration: clusters, pods, services and identities.
import { Catalogue } from '../enrich/inventory/catalogue.ts';
import { createClusterFinder } from '../enrich/inventory/clusters.ts';
import { createEndFinder, type EndFinder } from '../enrich/inventory/ends.ts';
import { Inventory } from '../enrich/inventory/inventory.ts';
import { ClusterRegistry } from '../enrich/inventory/registry.ts';
import { KubernetesSource } from '../enrich/kubernetes/source.ts';
import { catalogueMetrics, kubernetesMetrics } from '../enrich/metrics.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import type { Component } from '../runtime/component.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export interface EnrichmentSources {
  readonly ends: EndFinder;
  readonly inventory: Inventory;
  readonly catalogue: Catalogue;
  /** Readers of the Kubernetes APIs of the configured clusters. */
  readonly sources: readonly Component[];
  /** Applies a changed configuration of clusters; readers of Kubernetes need a restart. */
  readonly updateClusters: (clusters: readonly ClusterConfig[]) => void;
}

export function buildEnrichmentSources(
  config: Pick<ParallaxConfig, 'clusters' | 'writer'>,
  { logger, registry: metricsRegistry, clock }: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  store: Store,
): EnrichmentSources {
  const { maxIdentities, maxPods, maxServices, refresh } = config.writer.catalogue;
  const metrics = catalogueMetrics(metricsRegistry);
  const registry = new ClusterRegistry(config.clusters);
  const inventory = new Inventory({ maxPods, maxServices, refreshMs: refresh }, clock);
  metrics.podsLimit.set(maxPods);
  const clusters = createClusterFinder(
    (observer) => registry.meshOf(observer),
    () => registry.version,
  );
  const catalogue = new Catalogue({
    registry,
    clusters,
    inventory,
    store,
    limits: { maxIdentities },
    metrics,
    logger,
    clock,
  });
  const common = { limits: config.writer.catalogue, registry, inventory, catalogue, logger, clock };
  const sourceMetrics = kubernetesMetrics(metricsRegistry);
  const sources = config.clusters.flatMap(({ name: cluster, kubernetes }) =>
    kubernetes
      ? new KubernetesSource({ ...common, cluster, config: kubernetes, metrics: sourceMetrics })
      : [],
  );
  return {
    ends: createEndFinder({ clusters, registry, inventory }),
    inventory,
    catalogue,
    sources,
    updateClusters: (next) => registry.configure(next),
  };
}
