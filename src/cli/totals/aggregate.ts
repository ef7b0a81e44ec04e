import type { Aggregates } from '../../query/totals/aggregates.ts';
import { inputError } from '../../runtime/errors.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { groupColumns, groupsSummary, orderFlag } from './groups.ts';
import { given, namesOf, noWords } from './options.ts';

export const AGGREGATE: TotalsCommand<Aggregates> = {
  name: 'observe --aggregate-by',
  words: '<dimension,…> [flags]',
  about: `Counts the flows that pass the filters, by up to six dimensions, the busiest groups first.`,
  flags: (values) => {
    const { commaList, number, text, toggle } = flagKinds(values);
    return [
      commaList({
        name: 'aggregate-by',
        value: 'dimensions',
        help: 'Dimensions to count by: those of parallax top',
      }),
      text(
        { name: 'input-file', value: 'file', help: 'Refused: import the file, then count' },
        () => {
          throw inputError(
            'only stored flows are counted; store the file with `parallax import` first',
          );
        },
      ),
      number({ name: 'limit', help: 'Groups shown (100)' }, 32),
      number({ name: 'offset', help: 'Groups to skip first' }, 32),
      orderFlag(values),
      toggle({
        name: 'connections',
        help: 'Also count distinct pairs of addresses and ports, which reads all flows',
      }),
    ];
  },
  fields: ({ lists, numbers, text, switches }, words) => {
    noWords(words);
    const by = namesOf(lists['aggregate-by'] ?? []);
    if (by.length === 0)
      throw inputError(
        'name what to count by: --aggregate-by source.workload,destination.workload,verdict',
      );
    const count = (name: string) =>
      numbers[name] === undefined ? undefined : Number(numbers[name]);
    return given({
      by,
      limit: count('limit'),
      offset: count('offset'),
      order: text.order,
      connections: switches.connections,
    });
  },
  path: '/api/v1/aggregates:query',
  member: 'groups',
  table: ({ by, groups }) => tableOf(groupColumns(by, groups), groups),
  summary: groupsSummary,
  lines: ({ groups }) => groups,
};
