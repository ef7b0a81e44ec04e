// Which nodes are the cluster's own. In a mesh one relay may serve the nodes of all clusters, and every relay does, so
// each collector keeps its own cluster's and drops the rest, counted. Cilium's name of the cluster need not be ours: it
// is learned from the relay's list of nodes where that leaves no doubt, and doubt is said.

export interface MeshOptions {
  /** Our key of the cluster. */
  readonly name: string;
  /** Cilium's cluster-name, when the configuration gives it. */
  readonly ciliumName?: string | undefined;
  readonly mode: 'auto' | 'on' | 'off';
  /** Patterns the configuration asks the relay for; then only what it gives is looked at, not filtered again. */
  readonly patterns: readonly string[];
}

/** What Cilium calls a cluster without a name; its nodes are named without a prefix. */
const UNNAMED = 'default';
const SHOWN = 5;

/** Cilium's name of a node's cluster: `east/worker-1` is of east, `worker-1` of default. */
export function clusterOfNode(node: string): string {
  const slash = node.indexOf('/');
  return slash < 0 ? UNNAMED : node.slice(0, slash);
}

/** A relay's list may write `default/worker-1` where flows write `worker-1`. */
export function plainNode(node: string): string {
  return node.startsWith(`${UNNAMED}/`) ? node.slice(UNNAMED.length + 1) : node;
}

export class MeshFilter {
  private readonly options: MeshOptions;
  private readonly filters: boolean;
  private listed: ReadonlySet<string> = new Set();
  /** Cilium's name of the cluster, as far as known. */
  cluster: string;

  constructor(options: MeshOptions) {
    this.options = options;
    this.cluster = options.ciliumName ?? options.name;
    const asked = options.mode === 'auto' && options.patterns.length > 0;
    this.filters = options.mode !== 'off' && !(asked && options.ciliumName === undefined);
  }

  /** Takes the names of the nodes the relay lists; true when what is ours may have changed. */
  learn(names: Iterable<string>): boolean {
    const listed = new Set<string>();
    for (const name of names) if (name !== '') listed.add(clusterOfNode(name));
    if (listed.size === 0) return false;
    const before = this.state();
    this.listed = listed;
    const [only] = listed;
    const free = this.options.mode === 'auto' && this.options.ciliumName === undefined;
    if (free && listed.size === 1 && only !== undefined) this.cluster = only;
    return this.state() !== before;
  }

  owns(node: string): boolean {
    if (!this.filters || node === '') return true;
    if (clusterOfNode(node) === this.cluster) return true;
    if (this.options.mode === 'on') return false;
    // One cluster and not the configured one: its flows are kept under our key, and the finding says so. Without a
    // list nothing is known, and nothing is dropped.
    return this.listed.size <= 1;
  }

  /** Patterns of node names to ask the relay for; none when all it has are ours. */
  request(): readonly string[] {
    const { patterns, mode } = this.options;
    if (patterns.length > 0) return patterns;
    const several = this.listed.size > 1 && this.listed.has(this.cluster);
    // A bare name counts as one of default for the node's own filter.
    return this.filters && (mode === 'on' || several) ? [`${this.cluster}/`] : [];
  }

  /** What is wrong with the name, for health; undefined when nothing is. */
  finding(): string | undefined {
    if (!this.filters || this.listed.size === 0 || this.listed.has(this.cluster)) return undefined;
    const names = [...this.listed];
    const others = names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', …' : '');
    const kept = this.owns(`${names[0]}/`) ? 'they are kept' : 'their flows are dropped';
    return `no node of the cluster "${this.cluster}" is at this relay, only nodes of ${others}, and ${kept}: set clusters[].ciliumName to Cilium’s cluster-name`;
  }

  private state(): string {
    return [this.cluster, ...[...this.listed].sort()].join('\n');
  }
}
