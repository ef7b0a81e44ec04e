// Which columns a compiled filter reads.
import { FLOW_COLUMNS } from '../../store/schema/columns.ts';
import { FLOW_TOTAL_COLUMNS } from '../../store/schema/denial-columns.ts';
import type { CompiledSql } from '../sql/compile.ts';

const COLUMNS: ReadonlySet<string> = new Set(FLOW_COLUMNS.map(({ name }) => name));
const IN_TOTALS: ReadonlySet<string> = new Set(FLOW_TOTAL_COLUMNS.map(({ name }) => name));

/**
 * The columns of `flows` that the statement of a filter names. Its text is made of our own words alone (values are
 * parameters), and a word in it that is a column's name counts as the column whatever it is there for: rather one too
 * many than one too few.
 */
export function touchedColumns({ where }: Pick<CompiledSql, 'where'>): ReadonlySet<string> {
  return new Set(
    (where.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []).filter((word) => COLUMNS.has(word)),
  );
}

const TOLD: ReadonlySet<string> = new Set(
  ['source', 'destination'].flatMap((end) => [`${end}_cluster_name`, `${end}_workloads`]),
);

/** Whether it asks what flows say of their ends' cluster and workloads, which not all totals have. */
export function readsReportedEnds(filter: Pick<CompiledSql, 'where'>): boolean {
  return [...touchedColumns(filter)].some((name) => TOLD.has(name));
}

/** Whether `flow_totals` can be asked with the same words. */
export function totalsCanFilter(filter: Pick<CompiledSql, 'where' | 'exact'>): boolean {
  return filter.exact && [...touchedColumns(filter)].every((name) => IN_TOTALS.has(name));
}
