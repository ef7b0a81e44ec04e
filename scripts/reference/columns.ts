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
The tables in ClickHouse, for queries of your own. \`path\` is the field of Hubble's GetFlowsResponse that a column stores;
columns without a path are added by Parallax. Enums are stored as numbers; some have ALIAS columns with names, and lists as
arrays (\`verdict_name\`, \`source_label_list\`, …).

## flows
One row per flow.

${table(['Column', 'Type', 'Path', 'Meaning'], flows.map(row))}

Bits of \`presence\`: ${Object.entries(presence)
    .map(([name, bit]) => `${bit} ${name}`)
    .join(', ')}.

## events
One row per LostEvent or node status.

${table(['Column', 'Type', 'Path', 'Meaning'], events.map(row))}

## coverage
One row per node and report of a collector. Counts cover the interval of the report and can be summed; other values are
those at its end.

${table(['Column', 'Type', 'Path', 'Meaning'], coverage.map(row))}

## identities
Labels of identity numbers by cluster. Rows are observations, at most one per hour; rows of one key are merged, so group by
\`cluster, identity, slot, labels_hash\`. The labels at a given time are those of the latest observation before it.

${table(['Column', 'Type', 'Path', 'Meaning'], identities.map(row))}

## cluster_facts
Properties of clusters with their source and times; group by \`cluster, kind, value, origin\`.

${table(['Column', 'Type', 'Path', 'Meaning'], clusterFacts.map(row))}

## denials
One row for what one node denied of one connection within one batch, from drop events and policy verdicts together. The
number of denials is \`greatest(drops, verdicts)\`.

${table(['Column', 'Type', 'Path', 'Meaning'], denials.map(row))}

## incidents
Denials of the same traffic per hour. Rows of one key are merged: group by \`incident\` with min(\`first_seen\`),
max(\`last_seen\`) and sums.

${table(['Column', 'Type', 'Path', 'Meaning'], incidents.map(row))}

## flow_totals
Numbers of flows by source and destination, in slots of five minutes; sum \`flows\`.

${table(['Column', 'Type', 'Path', 'Meaning'], flowTotals.map(row))}

## incident_events
Events of incidents in the order of \`sequence\`; count each \`key\` once.

${table(['Column', 'Type', 'Path', 'Meaning'], incidentEvents.map(row))}

## deliveries
Deliveries of incident events; the latest row of a \`receiver\` and \`key\` is current.

${table(['Column', 'Type', 'Path', 'Meaning'], deliveries.map(row))}
`;
}

function row({ name, type, path, doc }: Column): string[] {
  return [code(name), code(type), path === undefined ? '' : code(path), doc];
}
