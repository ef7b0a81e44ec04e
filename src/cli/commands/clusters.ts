import type { Command } from 'commander';
import type { ClustersAnswer, ClusterView } from '../../query/catalogue/clusters.ts';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';
import { plainText } from '../output/plain-text.ts';
import type { Answer } from '../output/render.ts';
import { type Column, tableOf, toned } from '../output/table.ts';
import { wrap } from '../output/width.ts';

interface Flags extends ServerFlags, OutputFlags {}

const DESCRIPTION = `Lists the known clusters: their names here, current and earlier names in Cilium, ids, identity numbering, networks,
and the source of each fact. Conflicts follow, each with its evidence and a cure.`;

export function addClustersCommand(program: Command): void {
  addServerFlags(addOutputFlags(program.command('clusters')))
    .description(DESCRIPTION)
    .action(async (flags: Flags) => {
      const [{ getDocument }, { processIo }] = await Promise.all([
        import('../client/document.ts'),
        import('../call.ts'),
      ]);
      const isAnswer = (found: object) => 'clusters' in found && 'findings' in found;
      const io = processIo();
      const answer = await getDocument<ClustersAnswer>(flags, '/api/v1/clusters', {}, isAnswer, io);
      await print(answerOf(answer), flags);
    });
}

function answerOf(answer: ClustersAnswer): Answer {
  const { clusters, findings } = answer;
  const none = 'no cluster is known: the configuration has none, and no flows were stored\n';
  return {
    document: answer,
    items: clusters,
    table: tableOf(COLUMNS, clusters),
    ...(clusters.length === 0 && { above: none }),
    below: (screen) =>
      findings
        .map(({ what, evidence, cure }) => {
          const lines = [`! ${what}`, `  evidence: ${evidence}`, `  cure: ${cure}`, ''];
          const text = wrap(lines.map(plainText).join('\n'), screen.columns);
          const [head = '', ...rest] = text.split('\n');
          return `\n${[toned(head, 'warning', screen), ...rest].join('\n')}`;
        })
        .join(''),
  };
}

const COLUMNS: readonly Column<ClusterView>[] = [
  { header: 'CLUSTER', cell: ({ key }) => key, shrink: 12 },
  { ...facts('CILIUM NAME', ({ names }) => names), shrink: 12 },
  facts('ID', ({ ids }) => ids),
  { ...facts('NUMBERING', ({ maxConnectedClusters }) => maxConnectedClusters), drop: 3 },
  { header: 'MESH', cell: ({ mesh }) => mesh, drop: 2 },
  { ...facts('POD CIDRS', ({ podCidrs }) => podCidrs), shrink: 14, drop: 4 },
  { ...facts('NODE CIDRS', ({ nodeCidrs }) => nodeCidrs), shrink: 14, drop: 1 },
  { ...facts('RELAY', ({ relays }) => relays), shrink: 14, drop: 5 },
  { header: 'SOURCE', cell: originsOf, drop: 0 },
];

/** The first few of what holds now; all of them in CSV. */
function facts(
  header: string,
  pick: (cluster: ClusterView) => ClusterView['names'],
): Column<ClusterView> {
  const values = (cluster: ClusterView) => [
    ...new Set(pick(cluster).flatMap(({ current, value }) => (current ? [value] : []))),
  ];
  return {
    header,
    cell: (cluster) => {
      const all = values(cluster);
      const left = all.length - SHOWN;
      return all.slice(0, SHOWN).join(',') + (left > 0 ? `,… ${left} more` : '');
    },
    raw: (cluster) => values(cluster).join(','),
  };
}

const SHOWN = 3;

function originsOf(cluster: ClusterView): string {
  const { names, ids, maxConnectedClusters, podCidrs, relays } = cluster;
  const all = [...names, ...ids, ...maxConnectedClusters, ...podCidrs, ...relays];
  const origins = all.flatMap(({ current, origin }) => (current ? [origin] : []));
  return [...new Set(origins)].sort().join(',');
}
