// `parallax top`: the busiest of one or two dimensions.
import type { Top, TopGroup } from '../../query/totals/top.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { asking, type TotalsCommand } from './command.ts';
import {
  COUNTS_HEADING,
  countCells,
  groupCells,
  groupsSummary,
  heading,
  orderFlag,
} from './groups.ts';
import { given, namesOf } from './options.ts';

export const TOP: TotalsCommand<Top> = {
  name: 'top',
  words: '[dimension…] [flags]',
  usage: `Shows the busiest of one or two dimensions: client and server when none is named. Dimensions are
source, destination, client and server (their best name), each also with .cluster, .namespace,
.workload, .pod, .ip, .identity, .node, .zone or .service behind it; cluster, node, verdict,
drop-reason, direction, protocol, port, service, policy, http.code, dns.query and more: a name that
is none is answered with all there are.
`,
  examples: [
    'parallax top source.workload destination.workload --since 1h --verdict DROPPED -n 20',
    'parallax top client.cluster server.cluster --order denied --since 24h',
    'parallax top dns.query --namespace shop --compare',
  ],
  flags: (values) => [
    flagKinds(values).number(
      { name: 'number', short: 'n', help: 'How many (20); the namespace is --namespace here' },
      32,
    ),
    orderFlag(values),
    flagKinds(values).toggle({
      name: 'compare',
      help: 'Tell what each had in the window of the same length before',
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
  answer: asking(async () => {
    const [{ topInput: input }, { answerTop: answer }] = await Promise.all([
      import('../../query/totals/input.ts'),
      import('../../query/totals/answers.ts'),
    ]);
    return { input, answer };
  }),
  member: 'groups',
  cells: (top) => {
    const { by, groups, before } = top;
    const connections = groups.some((group) => group.connections !== undefined);
    return [
      [
        ...heading(by),
        ...COUNTS_HEADING,
        ...(connections ? ['CONNECTIONS'] : []),
        ...(before ? ['BEFORE', 'CHANGE'] : []),
      ],
      ...groups.map((group) => [
        ...groupCells(group, by),
        ...countCells(group),
        ...(connections ? [String(group.connections ?? '')] : []),
        ...(before ? comparedCells(group) : []),
      ]),
    ];
  },
  summary: (top) =>
    groupsSummary(top) +
    (top.before
      ? `before: ${top.before.total} from ${top.before.since} to ${top.before.until}\n`
      : ''),
  lines: ({ groups }) => groups,
};

function comparedCells({ before = 0, change }: TopGroup): string[] {
  return [String(before), change === undefined ? 'new' : `x${change}`];
}
