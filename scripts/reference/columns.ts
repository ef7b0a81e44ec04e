// docs/reference/columns.md from the column catalogue.
import type { Column } from '../../src/store/schema/column.ts';
import { code, GENERATED, table } from './markdown.ts';

interface Catalogue {
  readonly flows: readonly Column[];
  readonly events: readonly Column[];
  readonly coverage: readonly Column[];
  readonly identities: readonly Column[];
  readonly clusterFacts: readonly Column[];
  readonly denials: readonly Column[];
  readonly incidents: readonly Column[];
  readonly flowTotals: readonly Column[];
  readonly incidentEvents: readonly Column[];
  readonly deliveries: readonly Column[];
  readonly presence: Readonly<Record<string, number>>;
}

export function columnsPage(catalogue: Catalogue): string {
  const { flows, events, coverage, identities, clusterFacts, presence } = catalogue;
  const { denials, incidents, flowTotals, incidentEvents, deliveries } = catalogue;
  return `# Columns
${GENERATED}
What ClickHouse holds, for those who ask it themselves. A \`path\` is the field of Hubble's GetFlowsResponse that a column
keeps; columns without one are added by Parallax. Enums are their numbers; beside some stand ALIAS columns with the names
and with lists as arrays (\`verdict_name\`, \`source_label_list\`, …).

## flows
One row a flow.

${table(['Column', 'Type', 'Path', 'Meaning'], flows.map(row))}

Bits of \`presence\`: ${Object.entries(presence)
    .map(([name, bit]) => `${bit} ${name}`)
    .join(', ')}.

## events
One row a LostEvent or node status.

${table(['Column', 'Type', 'Path', 'Meaning'], events.map(row))}

## coverage
One row a node and report of a collector: amounts are those of the report's time and add up, the rest is as of its end.

${table(['Column', 'Type', 'Path', 'Meaning'], coverage.map(row))}

## identities
Which labels an identity number had in a cluster. Rows are sightings, one an hour at most, of which those of one key merge:
group by \`cluster, identity, slot, labels_hash\`. The labels at a time are those of the sighting before it.

${table(['Column', 'Type', 'Path', 'Meaning'], identities.map(row))}

## cluster_facts
What was said of clusters, by whom and when; group by \`cluster, kind, value, origin\`.

${table(['Column', 'Type', 'Path', 'Meaning'], clusterFacts.map(row))}

## denials
What one node denied of one conversation within one batch; drop events and policy verdicts of it are one row. How often it
was denied is \`greatest(drops, verdicts)\`.

${table(['Column', 'Type', 'Path', 'Meaning'], denials.map(row))}

## incidents
Denials by what is denied, an hour a row; rows of one key merge: group by \`incident\`, with the least \`first_seen\`, the
greatest \`last_seen\` and sums.

${table(['Column', 'Type', 'Path', 'Meaning'], incidents.map(row))}

## flow_totals
Flows counted by who sent them to whom, in slots of five minutes; sum \`flows\`.

${table(['Column', 'Type', 'Path', 'Meaning'], flowTotals.map(row))}

## incident_events
What happened to incidents, in the order of \`sequence\`; take each \`key\` once.

${table(['Column', 'Type', 'Path', 'Meaning'], incidentEvents.map(row))}

## deliveries
What became of telling receivers; of a \`receiver\` and \`key\` the latest row holds.

${table(['Column', 'Type', 'Path', 'Meaning'], deliveries.map(row))}
`;
}

function row({ name, type, path, doc }: Column): string[] {
  return [code(name), code(type), path === undefined ? '' : code(path), doc];
}
