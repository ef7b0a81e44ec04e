// Stores what flows and Kubernetes show of identities and clusters: the labels of an identity number over time, and the
// names of clusters. Rows only say what was seen, so a record that comes again, late, or to two writers adds nothing new.
// Numbers that mean something on one node only are never kept.
import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { identityKind } from '../../hubble/identity.ts';
import { backoff } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { HOUR_MS } from '../../runtime/time.ts';
import { encodeRows, type Row } from '../../store/native/native-rows.ts';
import { CLUSTER_FACT_COLUMNS, IDENTITY_COLUMNS } from '../../store/schema/columns-enriched.ts';
import type { NativeBlock, Store } from '../../store/store.ts';
import type { CatalogueMetrics } from '../metrics.ts';
import type { IdentityObservation, NodeFact } from '../project/projector.ts';
import { type ClusterFinder, ORIGIN } from './clusters.ts';
import type { Inventory } from './inventory.ts';
import { RecentMap } from './recent-map.ts';
import type { ClusterFact, ClusterRegistry } from './registry.ts';

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';
/** Bits of the column `origin`. */
const SOURCE = { flow: 1, kubernetes: 2 } as const;

/** An identity that held from then to then. */
export interface IdentityFact {
  readonly cluster: string;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly source: keyof typeof SOURCE;
}

export interface CatalogueDeps {
  readonly registry: ClusterRegistry;
  readonly clusters: ClusterFinder;
  readonly inventory: Inventory;
  readonly store: Store;
  readonly limits: { readonly maxIdentities: number };
  readonly metrics: CatalogueMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The time for which an identity's labels are stored within an hour, ms. */
interface KnownIdentity {
  first: number;
  last: number;
}

export class Catalogue implements Component {
  readonly name = 'catalogue';
  private readonly deps: CatalogueDeps;
  private readonly known: RecentMap<KnownIdentity>;
  /** By fact: the hour it was written in last. */
  private readonly knownFacts = new RecentMap<number>(10_000);
  private factsOfVersion = -1;
  private factsOfHour = -1;
  private evictedBefore = 0;
  private state: Health = { state: 'ok' };

  constructor(deps: CatalogueDeps) {
    this.deps = deps;
    this.known = new RecentMap(deps.limits.maxIdentities);
    deps.metrics.limit.set(deps.limits.maxIdentities);
  }

  /** Takes up the names that nodes were seen to have before, and writes down what the configuration says. */
  async start(): Promise<void> {
    const { store, registry } = this.deps;
    const sql = `SELECT DISTINCT cluster, value FROM cluster_facts
      WHERE kind = 'node_prefix' AND origin = 'flow' ORDER BY cluster, value LIMIT 10000`;
    try {
      for await (const [cluster, value] of store.query(sql, {}))
        registry.sawName(String(cluster), String(value));
    } catch (error) {
      this.failed(error);
    }
    // While the store is away, the facts are written with the first record instead.
    await this.write(this.take([], [])).catch(() => {
      this.factsOfHour = -1;
    });
  }

  async stop(): Promise<void> {}

  health(): Health {
    return this.state;
  }

  /** The blocks of what a record showed and none before it did; none for nearly all records. */
  take(
    observations: readonly IdentityObservation[],
    nodes: readonly NodeFact[],
  ): readonly NativeBlock[] {
    const now = this.deps.clock.now();
    const facts = new Map<string, Row>();
    this.namesOfNodes(nodes, facts, now);
    const identities: IdentityFact[] = [];
    for (const observation of observations) this.read(observation, identities, facts, now);
    this.configured(facts, now);
    return [...this.identityBlocks(identities), ...factBlocks([...facts.values()])];
  }

  /** The blocks that say what is new of these identities. */
  identityBlocks(facts: readonly IdentityFact[]): readonly NativeBlock[] {
    const { clock, metrics } = this.deps;
    const now = BigInt(clock.now());
    const rows = new Map<string, Row>();
    for (const fact of facts) {
      const { cluster, identity, firstMs, lastMs, source } = fact;
      const labels = [...fact.labels].sort().join('\n');
      const hash = createHash('sha1').update(labels).digest().readBigUInt64LE();
      const slot = Math.floor(firstMs / HOUR_MS);
      const key = `${cluster} ${identity} ${hash} ${slot} ${source}`;
      const known = this.known.get(key);
      if (known && known.first <= firstMs && known.last >= lastMs) continue;
      const first = Math.min(firstMs, known?.first ?? firstMs);
      const last = Math.max(lastMs, known?.last ?? lastMs);
      this.known.set(key, { first, last });
      rows.set(key, {
        cluster,
        identity,
        slot,
        labels_hash: hash,
        labels,
        origin: SOURCE[source],
        first_seen: BigInt(first),
        last_seen: BigInt(last),
        received_at: now,
      });
    }
    metrics.known.set(this.known.size);
    metrics.pods.set(this.deps.inventory.pods.size);
    metrics.evicted.inc(this.known.evicted - this.evictedBefore);
    this.evictedBefore = this.known.evicted;
    if (rows.size === 0) return [];
    metrics.rows.inc({ table: 'identities' }, rows.size);
    return [encodeRows('identities', IDENTITY_COLUMNS, [...rows.values()])];
  }

  /**
   * Stores blocks by `insert`, by default the store's. What the store refuses for good is logged and left out, since no
   * flow depends on it; throws when trying again may help.
   */
  async write(
    blocks: readonly NativeBlock[],
    insert: Store['insert'] = (block, options) => this.deps.store.insert(block, options),
  ): Promise<void> {
    for (const block of blocks) {
      try {
        await insert(block, { token: `catalogue:${randomUUID()}` });
        this.state = { state: 'ok' };
      } catch (error) {
        this.failed(error);
        if (error instanceof ParallaxError && error.retriable) throw error;
      }
    }
  }

  /** Writes identities, retrying until the signal aborts; the next list brings what was not written. */
  async learn(facts: readonly IdentityFact[], signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    const blocks = this.identityBlocks(facts);
    const waits = backoff({ initialMs: 500, maxMs: 30_000 });
    while (!signal.aborted) {
      try {
        return await this.write(blocks);
      } catch {
        await waits.wait(clock, signal);
      }
    }
  }

  private read(
    observation: IdentityObservation,
    identities: IdentityFact[],
    facts: Map<string, Row>,
    now: number,
  ): void {
    const { observer, identity, clusterName, firstMs, lastMs } = observation;
    const { registry, clusters } = this.deps;
    const kind = identityKind(identity, registry.meshOf(observer)?.size ?? 255);
    if (observation.labels === '' || (kind !== 'cluster-local' && kind !== 'mesh')) return;
    const labels = observation.labels.split('\n');
    const end = { identity, clusterName, labels, namespace: '', podName: '' };
    const { name, id, origin } = clusters.find(observer, end);
    // A number with the id of a cluster without a known name belongs to no cluster that can be stored.
    if (name === '' && id !== 0) return;
    const cluster = name || observer;
    identities.push({ cluster, identity, labels, firstMs, lastMs, source: 'flow' });
    const fact = (factKind: ClusterFact['kind'], value: string) =>
      this.note({ cluster, kind: factKind, value, origin: 'flow' }, facts, firstMs, lastMs, now);
    if (id !== 0) fact('id', String(id));
    if (origin !== ORIGIN.flow && origin !== ORIGIN.label) return;
    const label = labels.find((each) => each.startsWith(CLUSTER_LABEL));
    const reported = clusterName || label?.slice(CLUSTER_LABEL.length);
    if (reported !== undefined) fact('name', reported);
  }

  private namesOfNodes(nodes: readonly NodeFact[], facts: Map<string, Row>, now: number): void {
    const { registry } = this.deps;
    for (const { cluster, node } of nodes) {
      const slash = node.indexOf('/');
      const name = slash > 0 ? node.slice(0, slash) : node === '' ? '' : 'default';
      if (name === '') continue;
      registry.sawName(cluster, name);
      this.note(
        { cluster, kind: 'node_prefix', value: name, origin: 'flow' },
        facts,
        now,
        now,
        now,
      );
    }
  }

  /** What the configuration and Kubernetes say: when it changes, and every hour. All with one time, so that what is gone shows. */
  private configured(facts: Map<string, Row>, now: number): void {
    const { registry } = this.deps;
    const hour = Math.floor(now / HOUR_MS);
    if (this.factsOfVersion === registry.factsVersion && this.factsOfHour === hour) return;
    this.factsOfVersion = registry.factsVersion;
    this.factsOfHour = hour;
    for (const fact of registry.facts())
      facts.set(JSON.stringify(fact), factRow(fact, now, now, now));
  }

  private note(
    fact: ClusterFact,
    facts: Map<string, Row>,
    firstMs: number,
    lastMs: number,
    now: number,
  ): void {
    const key = `${fact.cluster}\n${fact.kind}\n${fact.value}\n${fact.origin}`;
    const hour = Math.floor(lastMs / HOUR_MS);
    if (this.knownFacts.get(key) === hour) return;
    this.knownFacts.set(key, hour);
    facts.set(`${key}\n${hour}`, factRow(fact, firstMs, lastMs, now));
  }

  private failed(error: unknown): void {
    const { logger, metrics } = this.deps;
    metrics.failures.inc();
    const reason = error instanceof Error ? error.message : String(error);
    this.state = { state: 'degraded', reason: `the catalogue is not written: ${reason}` };
    logger.warn(
      { err: error },
      // Flows are stored all the same.
      'catalogue not written',
    );
  }
}

function factRow(fact: ClusterFact, firstMs: number, lastMs: number, now: number): Row {
  return {
    ...fact,
    first_seen: BigInt(firstMs),
    last_seen: BigInt(lastMs),
    received_at: BigInt(now),
  };
}

function factBlocks(rows: readonly Row[]): readonly NativeBlock[] {
  return rows.length === 0 ? [] : [encodeRows('cluster_facts', CLUSTER_FACT_COLUMNS, rows)];
}
