import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addCompareCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'compare',
    load: async () => (await import('../totals/compare.ts')).COMPARE,
  });
}
