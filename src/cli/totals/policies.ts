import type { Policies, PolicySeen } from '../../query/totals/policies.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { type Column, countColumn, tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { given, noWords } from './options.ts';

export const POLICIES: TotalsCommand<Policies> = {
  name: 'policies',
  words: '[flags]',
  about: `Lists the policies that flows name, with how many flows each allowed and denied in which cluster, and the busiest traffic.
A flow that one policy allowed may still be dropped by another or by default: it is counted apart, and as denied only by the
policies that the flow names.`,
  flags: (values) => [
    flagKinds(values).number(
      { name: 'limit', help: 'Policies shown, the busiest first (1000)' },
      32,
    ),
  ],
  fields: ({ numbers }, words) => {
    noWords(words);
    return given({ limit: numbers.limit === undefined ? undefined : Number(numbers.limit) });
  },
  path: '/api/v1/policies:query',
  member: 'policies',
  table: ({ policies }) => tableOf(COLUMNS, policies),
  summary: ({ policies, count, unnamed, cut }) =>
    [
      policies.length === 0
        ? 'no flow names a policy'
        : `${count} policies${count > policies.length ? `, ${policies.length} of them shown` : ''}`,
      ...unnamed.map(
        ({ cluster, denied }) =>
          `${denied} denied flows of ${cluster || 'an unnamed cluster'} name no policy: default deny, or an agent that names none`,
      ),
      ...(cut > 0 ? [`${cut} of the less busy groups of flows were left out`] : []),
    ]
      .map((line) => `${line}\n`)
      .join(''),
  lines: ({ policies }) => policies,
};

const COLUMNS: readonly Column<PolicySeen>[] = [
  { header: 'CLUSTER', cell: ({ cluster }) => cluster, shrink: 12, drop: 4 },
  { header: 'POLICY', cell: policyName, shrink: 24 },
  { header: 'DIRECTION', cell: ({ direction }) => direction, drop: 2 },
  { header: 'ALLOWED', cell: ({ allowed }) => String(allowed), align: 'right' },
  {
    ...countColumn('ALLOWED, YET DROPPED', ({ allowedYetDropped }) => allowedYetDropped, 'warning'),
    drop: 3,
  },
  countColumn('DENIED', ({ denied }) => denied, 'bad'),
  { ...countColumn('AUDITED', ({ audited }) => audited, 'warning'), drop: 5 },
  {
    ...{ header: 'LAST SEEN', drop: 1 },
    cell: ({ lastSeen }) => lastSeen.replace(/\.\d+Z$/, 'Z'),
    raw: ({ lastSeen }) => lastSeen,
  },
  { header: 'MOSTLY', cell: mostly, shrink: 20, drop: 6 },
];

function policyName({ kind, namespace, name }: PolicySeen): string {
  return [kind, namespace === '' ? name : `${namespace}/${name}`].filter(Boolean).join(' ');
}

function mostly({ traffic }: PolicySeen): string {
  const [most] = traffic;
  if (most === undefined) return '';
  const port = most.port === 0 ? '' : `:${most.port}`;
  return `${most.client || 'unknown'} → ${most.server || 'unknown'}${port}`;
}
