// The table of commands: help, shell completion, the manual page and docs/reference/cli.md come from it.

export const GROUPS = ['Query', 'Check', 'Run', 'Set up'] as const;

export interface CommandEntry {
  readonly group: (typeof GROUPS)[number];
  readonly summary: string;
  /** Command lines, each below a comment that says what it shows. */
  readonly examples: string;
}

export const COMMANDS = {
  observe: {
    group: 'Query',
    summary: 'show flows, with the flags and formats of hubble observe',
    examples: `# The last 20 flows
parallax observe
# Flows to a pod that were dropped in the last hour
parallax observe --since 1h --to-pod farfaraway/rebel-base --verdict DROPPED
# New flows between two clusters
parallax observe -f --from-cluster liz-cm-gke-5 --to-cluster liz-cm-eks-6
# Flows counted by workload and verdict
parallax observe --aggregate-by source.workload,verdict --since 1h
`,
  },
  denials: {
    group: 'Query',
    summary: 'list denials as incidents: who was denied what, where and why',
    examples: `# Incidents of the last 24 hours
parallax denials
# Traffic between clusters that is denied now
parallax denials --since 1h --state open --where cross-cluster
# Denials one by one, to port 443, as CSV
parallax denials --rows --to-port 443 --all -o csv
# Incidents as they appear, change and end
parallax denials --watch
`,
  },
  explain: {
    group: 'Query',
    summary: 'explain one connection: what each end saw, and which policy decided',
    examples: `# The latest denied connection between two workloads
parallax explain --from farfaraway/xwing --to farfaraway/rebel-base:80
# The latest of the last week, as JSON
parallax explain --from farfaraway/xwing --to 10.0.0.1 --since 7d -o json
`,
  },
  'suggest-policy': {
    group: 'Query',
    summary: 'suggest a policy that admits exactly the traffic of an incident',
    examples: `# A policy for an incident that \`parallax denials\` lists
parallax suggest-policy --incident 5f3a1c09b2d4e687
# As a clusterwide policy
parallax suggest-policy --incident 5f3a1c09b2d4e687 --kind CiliumClusterwideNetworkPolicy
`,
  },
  connections: {
    group: 'Query',
    summary: 'list connections with what both ends saw',
    examples: `# Connections of a namespace
parallax connections --namespace farfaraway --last 50
# Connections with a drop, with their uuids
parallax connections --since 1h --verdict DROPPED -o wide
`,
  },
  services: {
    group: 'Query',
    summary: 'list which backends in which cluster answered the calls to services',
    examples: `# Services of the last hour
parallax services
# Who answered the calls to one service today
parallax services --to-service farfaraway/rebel-base --since 24h
`,
  },
  top: {
    group: 'Query',
    summary: 'list the busiest workloads, namespaces, ports, names or other dimensions',
    examples: `# The busiest dropped traffic by workload
parallax top source.workload destination.workload --since 1h --verdict DROPPED -n 20
# Traffic between clusters, most denials first
parallax top client.cluster server.cluster --order denied --since 24h
# DNS names a namespace looks up, against the hour before
parallax top dns.query --namespace shop --compare
`,
  },
  map: {
    group: 'Query',
    summary: 'show callers and callees, and what each end saw',
    examples: `# Calls between workloads in the last hour
parallax map --since 1h
# Calls between clusters
parallax map --level cluster --since 24h
# Dropped calls of a namespace, as JSON
parallax map --namespace farfaraway --verdict DROPPED -o json
`,
  },
  timeseries: {
    group: 'Query',
    summary: 'show flows over time',
    examples: `# All flows of a day
parallax timeseries --since 24h
# Flows a minute by verdict
parallax timeseries verdict --since 1h --step 1m
# Denials by cluster, as CSV
parallax timeseries cluster --measure denied --since 7d -o csv
`,
  },
  compare: {
    group: 'Query',
    summary: 'show what is new, gone or changed between two windows',
    examples: `# The last hour against the hour before
parallax compare --since 1h
# Denials now against the same hour yesterday
parallax compare denials --since 1h --against 24h-ago
# DNS names whose traffic at least tripled
parallax compare dns --since 1d --against 7d --ratio 3 --least 100
`,
  },
  policies: {
    group: 'Query',
    summary: 'list which policies allowed and denied what',
    examples: `# Policies of the last day
parallax policies --since 24h
# Policies behind the drops of a namespace
parallax policies --namespace shop --verdict DROPPED
`,
  },
  status: {
    group: 'Check',
    summary: 'show the health of a server and the flows it has',
    examples: `# The server of the data directory
parallax status
# A Hubble Relay, as a table
parallax status --server grpc://localhost:4245 -o table
`,
  },
  list: {
    group: 'Check',
    summary: 'list nodes or namespaces',
    examples: `# Nodes with version and address
parallax list nodes -o wide
# Namespaces with their clusters
parallax list namespaces -o wide
`,
  },
  watch: {
    group: 'Check',
    summary: 'watch nodes being added and removed',
    examples: `# Nodes of the server of the data directory
parallax watch peers
# Changes as lines of JSON
parallax watch peers -o ndjson
`,
  },
  coverage: {
    group: 'Check',
    summary: 'show how complete the stored flows are, by cluster and node',
    examples: `# The last hour
parallax coverage
# One cluster over a day
parallax coverage --cluster liz-cm-eks-6 --since 24h
`,
  },
  clusters: {
    group: 'Check',
    summary: 'list the known clusters and conflicts between them',
    examples: `# Clusters and conflicts
parallax clusters
# All facts with their sources
parallax clusters -o yaml
`,
  },
  identities: {
    group: 'Check',
    summary: 'show what security identity numbers stand for',
    examples: `# One number
parallax identities 373826
# Its labels two days ago
parallax identities 373826 --at 2d
# All identities of a cluster
parallax identities --cluster liz-cm-eks-6 -o csv
`,
  },
  doctor: {
    group: 'Check',
    summary: 'report problems with their evidence and cure',
    examples: `# Relays, certificates, bus and store of a configuration
parallax doctor --config parallax.yaml
# In a pipeline that fails on warnings
parallax doctor --config parallax.yaml --strict -o json
`,
  },
  up: {
    group: 'Run',
    summary: 'run everything in one process: collect, write, serve and alert',
    examples: `# Two simulated clusters
parallax up
# Two Hubble Relays
parallax up --relay eks=10.0.0.5:4245 --relay gke=tls://relay.example.com:443
# A configuration file, without printing flows
parallax up --config parallax.yaml --quiet
`,
  },
  collect: {
    group: 'Run',
    summary: 'read flows from Hubble Relays and publish them to Kafka',
    examples: `# All clusters of a configuration
parallax collect --config parallax.yaml
`,
  },
  write: {
    group: 'Run',
    summary: 'read flows from Kafka and store them in ClickHouse',
    examples: `# One writer of several
parallax write --config parallax.yaml
`,
  },
  serve: {
    group: 'Run',
    summary: 'serve the HTTP and gRPC APIs from ClickHouse',
    examples: `# On the address of the configuration
parallax serve --config parallax.yaml
# On another port
parallax serve --config parallax.yaml --listen 127.0.0.1:8080
`,
  },
  alert: {
    group: 'Run',
    summary: 'follow incidents and notify webhooks, or list and repeat deliveries',
    examples: `# The process that notifies
parallax alert --config parallax.yaml
# Deliveries that were given up
parallax alert deliveries --state dead
# Deliver them again, to one receiver
parallax alert redeliver --dead --receiver chat
`,
  },
  config: {
    group: 'Set up',
    summary: 'check or print the configuration',
    examples: `# All problems of a file
parallax config check --config parallax.yaml
# All settings and where they come from
parallax config print --config parallax.yaml
`,
  },
  import: {
    group: 'Set up',
    summary: 'store flows from a file of JSON lines',
    examples: `# A file that hubble observe -o json wrote
parallax import flows.json.gz --data-dir parallax-data
# Standard input, under the name of a cluster
parallax import - --cluster legacy
`,
  },
  replay: {
    group: 'Set up',
    summary: 'read records from Kafka again and store what is missing',
    examples: `# The last two hours
parallax replay --from 2h --config parallax.yaml
# One day
parallax replay --from 2026-03-14T00:00:00Z --to 2026-03-15T00:00:00Z
`,
  },
  migrate: {
    group: 'Set up',
    summary: 'run pending migrations of the store',
    examples: `# The statements that would run
parallax migrate --dry-run
# Denials and totals for flows that were stored without them
parallax migrate --denials --since 7d
`,
  },
  simulate: {
    group: 'Set up',
    summary: 'run simulated Hubble Relays',
    examples: `# Two clusters with a denial between them
parallax simulate --listen 127.0.0.1:4245
# Load on four nodes, with a fault
parallax simulate --scenario load --nodes 4 --rate 1000 --fault drop@10s
`,
  },
  completion: {
    group: 'Set up',
    summary: 'print the completion script of a shell',
    examples: `# For this shell, bash
source <(parallax completion bash)
# For zsh
parallax completion zsh > "\${fpath[1]}/_parallax"
# For fish
parallax completion fish > ~/.config/fish/completions/parallax.fish
`,
  },
  version: {
    group: 'Set up',
    summary: 'print the version',
    examples: `# Parallax and Node
parallax version
`,
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;

export type CommandName = keyof typeof COMMANDS;

/** The table as pairs, with the types that readers need. */
export const ENTRIES: readonly (readonly [name: string, entry: CommandEntry])[] =
  Object.entries(COMMANDS);

/** Examples of a command, or of one below it such as `alert deliveries`, as text. */
export function examplesOf(name: string): string {
  const [first = ''] = name.split(' ');
  const all = ENTRIES.find(([each]) => each === first)?.[1].examples ?? '';
  const pairs = all.match(/#.*\n.*\n/g) ?? [];
  return pairs.filter((pair) => pair.includes(`\nparallax ${name}`) || first === name).join('');
}
