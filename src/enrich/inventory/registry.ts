// The clusters this process knows: what the configuration says of them, what Kubernetes adds, and the names their nodes
// turn out to have. Says what a name, an id or an address means to an observing cluster. Conflicts never stop it: what
// two clusters both claim is no one's, and the facts are stored for `parallax clusters` to show.
import type { MeshSize } from '../../hubble/identity.ts';
import type { MeshFacts } from './clusters.ts';
import { type Network, Networks } from './networks.ts';

/** What the configuration says of a cluster. */
export interface ConfiguredCluster {
  readonly name: string;
  readonly ciliumName?: string | undefined;
  readonly id?: number | undefined;
  readonly mesh?: string | undefined;
  readonly maxConnectedClusters: MeshSize;
  readonly podCidrs: readonly string[];
  readonly nodeCidrs: readonly string[];
  readonly relay: string;
}

/** What Kubernetes says of it. */
export interface ClusterReport {
  readonly ciliumName?: string;
  readonly id?: number;
  readonly size?: MeshSize;
  /** Networks of all pods. */
  readonly podCidrs: readonly string[];
  /** Those of single nodes, and nodes' own addresses: too many to be stored as facts. */
  readonly nodePodCidrs: readonly string[];
  readonly nodeAddresses: readonly string[];
}

export type FactKind =
  | 'name'
  | 'node_prefix'
  | 'id'
  | 'max_connected_clusters'
  | 'mesh'
  | 'pod_cidr'
  | 'node_cidr'
  | 'namespace'
  | 'relay';

export interface ClusterFact {
  readonly cluster: string;
  readonly kind: FactKind;
  readonly value: string;
  readonly origin: 'config' | 'flow' | 'kubernetes';
}

export interface Place {
  /** Key of the cluster the address is in; '' when two or none claim it. */
  readonly cluster: string;
  /** Whether any cluster that the observer can reach claims it. */
  readonly inside: boolean;
}

const NOWHERE: Place = { cluster: '', inside: false };
/** Names of nodes seen for one cluster: more are a relay that serves a mesh, and none is taken. */
const MAX_SEEN_NAMES = 16;

export class ClusterRegistry {
  private clusters: ReadonlyMap<string, ConfiguredCluster> = new Map();
  private readonly reports = new Map<string, ClusterReport>();
  private readonly namespaces = new Map<string, readonly string[]>();
  private readonly seenNames = new Map<string, Set<string>>();
  private meshes = new Map<string, MeshFacts>();
  private networks = new Networks([]);
  /** Grows when answers change. */
  version = 0;
  /** Grows when what `facts` says changes, answers or not. */
  factsVersion = 0;

  constructor(clusters: readonly ConfiguredCluster[]) {
    this.configure(clusters);
  }

  /** What the configuration says from now on. */
  configure(clusters: readonly ConfiguredCluster[]): void {
    this.clusters = new Map(clusters.map((each) => [each.name, each]));
    this.rebuild();
  }

  /** What the names and numbers in an observer's flows mean; undefined for a cluster nobody configured. */
  meshOf(observer: string): MeshFacts | undefined {
    return this.meshes.get(observer);
  }

  /** False while no network is known, so that nobody need ask. */
  get knowsNetworks(): boolean {
    return !this.networks.empty;
  }

  /**
   * Where an address is, as the observer sees it: its own networks first; pod networks of its mesh, since outside one
   * the same addresses are used again; node networks of any cluster, since nodes of others call through those.
   */
  locate(observer: string, address: string): Place {
    const holding = this.networks.holding(address);
    if (holding.length === 0) return NOWHERE;
    if (holding.some(({ cluster }) => cluster === observer))
      return { cluster: observer, inside: true };
    const mesh = this.meshNameOf(observer);
    const reachable = holding.filter(
      ({ cluster, kind }) => kind === 'node' || this.meshNameOf(cluster) === mesh,
    );
    const [nearest] = reachable;
    if (nearest === undefined) return NOWHERE;
    const overlapping = reachable.some(
      ({ cluster, cidr }) =>
        cluster !== nearest.cluster && lengthOf(cidr) === lengthOf(nearest.cidr),
    );
    return { cluster: overlapping ? '' : nearest.cluster, inside: true };
  }

  /** Takes what Kubernetes says of a cluster, in place of what it said before. */
  report(cluster: string, report: ClusterReport): void {
    if (JSON.stringify(this.reports.get(cluster)) === JSON.stringify(report)) return;
    this.reports.set(cluster, report);
    this.rebuild();
  }

  /** Takes all namespaces that Kubernetes has now. No answer depends on them. */
  reportNamespaces(cluster: string, namespaces: Iterable<string>): void {
    const names = [...namespaces].sort();
    const before = this.namespaces.get(cluster) ?? [];
    if (names.length === before.length && names.every((name, i) => name === before[i])) return;
    this.namespaces.set(cluster, names);
    this.factsVersion++;
  }

  /** Takes the cluster part of the name of a node that a configured cluster observed. */
  sawName(cluster: string, name: string): void {
    if (!this.clusters.has(cluster)) return;
    const names = this.seenNames.get(cluster) ?? new Set();
    if (names.has(name) || names.size >= MAX_SEEN_NAMES) return;
    this.seenNames.set(cluster, names.add(name));
    this.rebuild();
  }

  /** What is known of the configured clusters without any flow. */
  facts(): readonly ClusterFact[] {
    const facts: ClusterFact[] = [];
    for (const [cluster, config] of this.clusters) {
      const add = (origin: ClusterFact['origin'], kind: FactKind, values: readonly unknown[]) => {
        for (const value of values)
          if (value !== undefined) facts.push({ cluster, kind, value: String(value), origin });
      };
      add('config', 'name', [config.ciliumName]);
      add('config', 'id', [config.id]);
      add('config', 'max_connected_clusters', [config.maxConnectedClusters]);
      add('config', 'mesh', [config.mesh ?? '']);
      add('config', 'pod_cidr', config.podCidrs);
      add('config', 'node_cidr', config.nodeCidrs);
      add('config', 'relay', [config.relay]);
      const report = this.reports.get(cluster);
      add('kubernetes', 'name', [report?.ciliumName]);
      add('kubernetes', 'id', [report?.id]);
      add('kubernetes', 'max_connected_clusters', [report?.size]);
      add('kubernetes', 'pod_cidr', report?.podCidrs ?? []);
      add('kubernetes', 'namespace', this.namespaces.get(cluster) ?? []);
    }
    return facts;
  }

  private meshNameOf(cluster: string): string {
    return this.clusters.get(cluster)?.mesh ?? '';
  }

  /** The names Cilium may have for a configured cluster. */
  private namesOf({ name, ciliumName }: ConfiguredCluster): readonly string[] {
    const reported = ciliumName ?? this.reports.get(name)?.ciliumName;
    if (reported !== undefined) return [reported];
    // One that nodes have is taken unless they have several: then the relay serves a mesh.
    const [seen, another] = this.seenNames.get(name) ?? [];
    const learned = seen !== undefined && another === undefined && !this.clusters.has(seen);
    return learned ? [name, seen] : [name];
  }

  private rebuild(): void {
    const meshes = new Map<string, { keys: Claims<string>; ids: Claims<number> }>();
    for (const config of this.clusters.values()) {
      const mesh = config.mesh ?? '';
      const claims = meshes.get(mesh) ?? { keys: new Claims(), ids: new Claims() };
      meshes.set(mesh, claims);
      for (const name of this.namesOf(config)) claims.keys.add(name, config.name);
      const id = config.id ?? this.reports.get(config.name)?.id ?? 0;
      if (id !== 0) claims.ids.add(id, config.name);
    }
    this.meshes = new Map();
    for (const config of this.clusters.values()) {
      const mesh = config.mesh ?? '';
      const claims = meshes.get(mesh);
      const report = this.reports.get(config.name);
      this.meshes.set(config.name, {
        known: true,
        size: report?.size ?? config.maxConnectedClusters,
        // What the observer itself claims is its own, also when other clusters claim it.
        names: claims?.ids.ofOne(config.name) ?? new Map(),
        keys: claims?.keys.ofOne(config.name) ?? new Map(),
        stranger: (name) => (this.clusters.has(name) ? `${mesh || config.name}/${name}` : name),
      });
    }
    this.networks = new Networks(this.allNetworks());
    this.version++;
    this.factsVersion++;
  }

  private *allNetworks(): Generator<Network> {
    for (const [cluster, { podCidrs, nodeCidrs }] of this.clusters) {
      const report = this.reports.get(cluster);
      const { podCidrs: pods = [], nodePodCidrs = [], nodeAddresses = [] } = report ?? {};
      for (const cidr of [...podCidrs, ...pods, ...nodePodCidrs])
        yield { cluster, kind: 'pod', cidr };
      for (const cidr of nodeCidrs) yield { cluster, kind: 'node', cidr };
      for (const address of nodeAddresses)
        yield { cluster, kind: 'node', cidr: `${address}/${address.includes(':') ? 128 : 32}` };
    }
  }
}

/** Who claims what. */
class Claims<T> {
  private readonly holders = new Map<T, Set<string>>();

  add(claim: T, holder: string): void {
    const holders = this.holders.get(claim) ?? new Set();
    this.holders.set(claim, holders.add(holder));
  }

  /** What `holder` claims, and what else one alone claims. */
  ofOne(holder: string): ReadonlyMap<T, string> {
    const result = new Map<T, string>();
    for (const [claim, holders] of this.holders) {
      const [only] = holders;
      if (holders.has(holder)) result.set(claim, holder);
      else if (holders.size === 1 && only !== undefined) result.set(claim, only);
    }
    return result;
  }
}

function lengthOf(cidr: string): number {
  return Number(cidr.slice(cidr.lastIndexOf('/') + 1));
}
