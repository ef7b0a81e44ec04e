// Groups of flows as rows: what `top` and `observe --aggregate-by` show.
import type { Aggregates, ToldGroup } from '../../query/totals/aggregates.ts';
import type { Flag } from '../observe/args.ts';
import type { FlagValues } from '../observe/flag-values.ts';
import { flagKinds } from '../observe/flag-values.ts';

export function heading(by: readonly string[]): string[] {
  return by.map((name) => name.toUpperCase());
}

export function groupCells({ values }: ToldGroup, by: readonly string[]): string[] {
  return by.map((name) => String(values[name] ?? ''));
}

export const COUNTS_HEADING = ['FLOWS', 'SHARE', 'RATE/S', 'DENIED', 'DROPPED'];

export function countCells(group: ToldGroup): string[] {
  const { flows, share, rate, denied, dropped } = group;
  return [String(flows), percent(share), String(rate), String(denied), String(dropped)];
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

export function orderFlag(values: FlagValues): Flag {
  return flagKinds(values).text({
    name: 'order',
    help: 'flows (the default), denied, dropped, audited or connections: most of it first',
  });
}
