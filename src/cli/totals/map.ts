import type { EdgeSide, MapEdge, MapNode, ServiceMap } from '../../query/totals/map.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { type Column, countColumn, tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { given, noWords } from './options.ts';

const LEVELS = ['cluster', 'namespace', 'workload'];

export const MAP: TotalsCommand<ServiceMap> = {
  name: 'map',
  words: '[flags]',
  about: `Shows the service map: calls from client to server, with what the nodes at each end saw. A call that the
cluster of its source forwarded and that of its destination dropped shows both.`,
  flags: (values) => [
    flagKinds(values).choice(
      {
        name: 'level',
        value: 'level',
        help: 'What a node is: cluster, namespace or workload (the default)',
      },
      LEVELS,
    ),
    flagKinds(values).number({ name: 'limit', help: 'Edges shown, the busiest first (1000)' }, 32),
  ],
  fields: ({ numbers, text }, words) => {
    noWords(words);
    return given({
      level: text.level,
      limit: numbers.limit === undefined ? undefined : Number(numbers.limit),
    });
  },
  path: '/api/v1/map:query',
  member: 'edges',
  table: ({ edges, nodes }) => {
    const names = new Map(nodes.map((node) => [node.id, nodeName(node)]));
    const columns: readonly Column<MapEdge>[] = [
      { header: 'CLIENT', cell: ({ client }) => names.get(client) ?? '', shrink: 20 },
      { header: 'SERVER', cell: ({ server }) => names.get(server) ?? '', shrink: 20 },
      { header: 'PORTS', cell: portsCell, shrink: 8, drop: 4 },
      { header: 'FLOWS', cell: ({ flows }) => String(flows), align: 'right' },
      countColumn('DENIED', ({ denied }) => denied, 'bad'),
      { header: 'SOURCE SAW', cell: ({ source }) => sideCell(source), shrink: 14, drop: 2 },
      {
        ...{ header: 'DESTINATION SAW', shrink: 15, drop: 3 },
        cell: ({ destination }) => sideCell(destination),
        tone: ({ destination }) => (destination?.verdicts.DROPPED ? 'bad' : undefined),
      },
      { header: 'CROSS-CLUSTER', cell: ({ crossCluster }) => (crossCluster ? 'yes' : ''), drop: 1 },
    ];
    return tableOf(columns, edges);
  },
  summary: ({ level, nodes, edges, flows, cut }) =>
    `${nodes.length} ${level}s, ${edges.length} edges, ${flows} flows` +
    `${cut.edges > 0 ? `; ${cut.edges} edges with ${cut.flows} flows are not shown` : ''}\n`,
  lines: ({ edges }) => edges,
};

function nodeName({ cluster, namespace, name = namespace }: MapNode): string {
  if (name === undefined) return cluster || 'outside';
  return `${name || 'outside'}${cluster && ` (${cluster})`}`;
}

const PORTS_SHOWN = 3;

function portsCell({ ports, portCount }: MapEdge): string {
  const shown = ports
    .slice(0, PORTS_SHOWN)
    .map(({ port, protocol }) => [protocol, port === 0 ? '' : port].filter(Boolean).join(':'));
  const rest = portCount - shown.length;
  return `${shown.join(',')}${rest > 0 ? ` +${rest}` : ''}`;
}

function sideCell(side: EdgeSide | undefined): string {
  if (side === undefined) return '';
  return Object.entries(side.verdicts)
    .sort(([, a], [, b]) => b - a)
    .map(([verdict, count]) => `${verdict} x${count}`)
    .join(', ');
}
