// `--print-sql`: the statement and its parameters, apart from each other as the engine gets them.
import { apiConfig } from '../../api/config.ts';
import { type Decision, explain } from '../../query/flows/explain-sql.ts';
import type { ObserveOptions } from './options.ts';

const DECISIONS: Readonly<Record<Decision, string>> = {
  exact: 'exact: decided by SQL',
  narrowed: 'narrowed by SQL, decided by the predicate',
  predicate: 'decided by the predicate alone',
};

export function sqlText(options: ObserveOptions): string {
  const { pageRows } = apiConfig.parse({});
  const { sql, params, conditions, exact, events } = explain(
    { ...options, events: 'matching' },
    pageRows,
  );
  const types = new Map(
    [...sql.matchAll(/\{(\w+):([\w()]+)\}/g)].map(([, name = '', type = '']) => [name, type]),
  );
  const given = Object.entries(params).map(([name, value]) => [
    `{${name}:${types.get(name) ?? 'String'}}`,
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)),
  ]);
  const decided = conditions.map(({ name, decision }) => [name, DECISIONS[decision]]);
  const judged = exact
    ? 'Every row that SQL lets through is an answer, but for rows kept as bytes: the predicate judges those.'
    : 'The predicate judges the rows that SQL lets through.';
  const seen = events
    ? 'Lost events and node status of that time are read too.'
    : 'Lost events and node status are left out by these filters.';
  return [
    `${sql}\n`,
    section('Parameters', given, 'none'),
    section('Conditions', decided, 'none: every flow of the time asked for'),
    `${judged}\n${seen}\nRead page by page, in windows of time between the first and the last flow stored; where few rows match, they are first\ncounted by slots of five minutes, and only slots that have some are read.\n`,
  ].join('\n');
}

function section(title: string, rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return `${title}: ${empty}\n`;
  const width = Math.max(...rows.map(([left = '']) => left.length));
  const lines = rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}\n`);
  return `${title}:\n${lines.join('')}`;
}
