import type { AggregateRow, Aggregates } from '../../query/totals/aggregates.ts';
import type { Flag } from '../observe/args.ts';
import type { FlagValues } from '../observe/flag-values.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { type Column, countColumn } from '../output/table.ts';

/** A column for each dimension that flows are grouped by. */
export function dimensionColumns<R extends Pick<AggregateRow, 'values'>>(
  by: readonly string[],
): readonly Column<R>[] {
  return by.map((name) => ({
    header: name.toUpperCase(),
    cell: ({ values }) => String(values[name] ?? ''),
    shrink: 16,
  }));
}

/** The columns of groups and their counts; connections only where they were counted. */
export function groupColumns<G extends AggregateRow>(
  by: readonly string[],
  groups: readonly G[],
): readonly Column<G>[] {
  const connections: Column<G> = {
    ...{ header: 'CONNECTIONS', align: 'right', drop: 5 },
    cell: (group) => String(group.connections ?? ''),
  };
  return [
    ...dimensionColumns<G>(by),
    { header: 'FLOWS', cell: ({ flows }) => String(flows), align: 'right' },
    { header: 'SHARE', cell: ({ share }) => percent(share), align: 'right', drop: 2 },
    { header: 'RATE/S', cell: ({ rate }) => String(rate), align: 'right', drop: 1 },
    { ...countColumn<G>('DENIED', ({ denied }) => denied, 'bad'), drop: 4 },
    { ...countColumn<G>('DROPPED', ({ dropped }) => dropped, 'bad'), drop: 3 },
    ...(groups.some((group) => group.connections !== undefined) ? [connections] : []),
  ];
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** What all groups have together, and how much of it is not shown. */
export function groupsSummary({ groups, count, total, other }: Omit<Aggregates, 'by' | 'source'>) {
  const shown = `${total.flows} flows in ${count} groups (${total.denied} denied, ${total.dropped} dropped)`;
  const rest =
    other.groups > 0
      ? `; ${other.groups} groups with ${other.flows} flows (${percent(other.share)}) are not shown`
      : '';
  return groups.length === 0 && count === 0 ? 'no flows\n' : `${shown}${rest}\n`;
}

export const MEASURES: readonly string[] = ['flows', 'denied', 'dropped', 'audited'];

export function orderFlag(values: FlagValues): Flag {
  const help = 'flows (the default), denied, dropped, audited or connections: most of it first';
  return flagKinds(values).choice({ name: 'order', value: 'measure', help }, [
    ...MEASURES,
    'connections',
  ]);
}
