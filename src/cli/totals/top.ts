import type { AggregateRow, Aggregates } from '../../query/totals/aggregates.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { type Column, tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { groupColumns, groupsSummary, orderFlag } from './groups.ts';
import { given, namesOf } from './options.ts';

export const TOP: TotalsCommand<Aggregates> = {
  name: 'top',
  words: '[dimension…] [flags]',
  about: `Lists the busiest values of one or two dimensions, client and server when none is named. Dimensions are source,
destination, client and server (the best name of that end), each also with .cluster, .namespace, .workload, .pod, .ip,
.identity, .node, .zone or .service; and cluster, node, verdict, drop-reason, direction, protocol, port, service, policy,
http.code, dns.query and more: an unknown name is answered with the list.`,
  flags: (values) => [
    flagKinds(values).number(
      { name: 'number', short: 'n', help: 'Number of groups (20); -n is not --namespace here' },
      32,
    ),
    orderFlag(values),
    flagKinds(values).toggle({
      name: 'compare',
      help: 'Also show the counts of the previous window of the same length',
    }),
  ],
  fields: ({ numbers, text, switches }, words) => {
    const by = namesOf(words);
    return given({
      by: by.length === 0 ? undefined : by,
      limit: numbers.number === undefined ? undefined : Number(numbers.number),
      order: text.order,
      compare: switches.compare,
    });
  },
  path: '/api/v1/top:query',
  member: 'groups',
  table: ({ by, groups, before }) =>
    tableOf([...groupColumns(by, groups), ...(before ? COMPARED : [])], groups),
  summary: (top) =>
    groupsSummary(top) +
    (top.before
      ? `before: ${top.before.total} from ${top.before.since} to ${top.before.until}\n`
      : ''),
  lines: ({ groups }) => groups,
};

const COMPARED: readonly Column<AggregateRow>[] = [
  { header: 'BEFORE', cell: ({ before = 0 }) => String(before), align: 'right', drop: 6 },
  { header: 'CHANGE', cell: ({ change }) => (change === undefined ? 'new' : `x${change}`) },
];
