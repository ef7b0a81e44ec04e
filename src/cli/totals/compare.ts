import type { ComparedWindow, Comparison, Difference } from '../../query/totals/compare.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { dimensionColumns, MEASURES } from './groups.ts';
import { given, namesOf } from './options.ts';

const KINDS = ['new', 'gone', 'changed'] as const;

export const COMPARE: TotalsCommand<Comparison> = {
  name: 'compare',
  words: '[what…] [flags]',
  about: `Compares two windows: what is new, what is gone, and what changed by a factor. It compares edges (the default: calls from client
to server), workloads, denials, policies, dns, or any dimensions of parallax top. Missing data is not reported as gone: the
coverage of both windows is printed.`,
  args: [
    {
      term: 'what',
      help: 'edges (the default), workloads, denials, policies, dns, or dimensions of parallax top',
      values: ['edges', 'workloads', 'denials', 'policies', 'dns'],
    },
  ],
  flags: (values) => {
    const { text, choice, number } = flagKinds(values);
    return [
      text({
        name: 'against',
        value: 'window',
        help: 'previous (the default), how much earlier (24h-ago), or SINCE/UNTIL',
      }),
      text({
        name: 'ratio',
        value: 'number',
        help: 'Factor from which a difference is a change (2)',
      }),
      number(
        { name: 'least', help: 'Leave out groups with less than this in both windows (10)' },
        32,
      ),
      choice(
        { name: 'measure', value: 'measure', help: 'flows, denied, dropped or audited' },
        MEASURES,
      ),
      number({ name: 'limit', help: 'Groups shown of each kind (50)' }, 32),
    ];
  },
  fields: ({ numbers, text }, words) => {
    const of = namesOf(words);
    const count = (name: string) =>
      numbers[name] === undefined ? undefined : Number(numbers[name]);
    return given({
      of: of.length === 0 ? undefined : of,
      against: text.against,
      ratio: text.ratio,
      least: count('least'),
      measure: text.measure,
      limit: count('limit'),
    });
  },
  path: '/api/v1/compare:query',
  member: 'changed',
  table: (comparison) =>
    tableOf(
      [
        { header: 'STATUS', cell: ({ kind }) => kind, tone: ({ kind }) => TONES[kind] },
        ...dimensionColumns<Row>(comparison.by),
        { header: 'NOW', cell: ({ now }) => String(now), align: 'right' },
        { header: 'BEFORE', cell: ({ before }) => String(before), align: 'right' },
        { header: 'CHANGE', cell: ({ change }) => (change === undefined ? '' : `x${change}`) },
      ],
      rowsOf(comparison),
    ),
  summary: (comparison) => {
    const { measure, same, now, before, notices } = comparison;
    const counts = KINDS.map((kind) => `${comparison[kind].count} ${kind}`);
    return [
      `${counts.join(', ')}, ${same} about the same`,
      `now:    ${windowText(now, measure)}`,
      `before: ${windowText(before, measure)}`,
      ...notices,
    ]
      .map((line) => `${line}\n`)
      .join('');
  },
  lines: rowsOf,
};

interface Row extends Difference {
  readonly kind: (typeof KINDS)[number];
}

const TONES = { new: 'warning', gone: 'quiet', changed: undefined } as const;

function rowsOf(comparison: Comparison): readonly Row[] {
  return KINDS.flatMap((kind) => comparison[kind].groups.map((group) => ({ kind, ...group })));
}

function windowText({ since, until, total, says }: ComparedWindow, measure: string): string {
  return `${total} ${measure} from ${since} to ${until}; ${says.join('; ')}`;
}
