import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addTimeseriesCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'timeseries',
    load: async () => (await import('../totals/timeseries.ts')).TIMESERIES,
  });
}
