// Which table can answer a filter, by the columns that it reads.
import { FLOW_TOTAL_COLUMNS } from '../../store/schema/denial-columns.ts';
import type { CompiledFilter } from '../sql/compile.ts';

const IN_TOTALS: ReadonlySet<string> = new Set(FLOW_TOTAL_COLUMNS.map(({ name }) => name));
const REPORTED_ENDS: ReadonlySet<string> = new Set(
  ['source', 'destination'].flatMap((end) => [`${end}_cluster_name`, `${end}_workloads`]),
);

/** Whether it reads the reported cluster and workloads of the ends, which older totals lack. */
export function readsReportedEnds({ condition }: Pick<CompiledFilter, 'condition'>): boolean {
  return [...condition.columns].some((name) => REPORTED_ENDS.has(name));
}

/** Whether `flow_totals` has every column that it reads. */
export function totalsCanFilter({ condition, exact }: Pick<CompiledFilter, 'condition' | 'exact'>) {
  return exact && [...condition.columns].every((name) => IN_TOTALS.has(name));
}
