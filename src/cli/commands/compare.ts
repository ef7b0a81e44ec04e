// `parallax compare`: show what is new, gone or changed between two windows.
import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addCompareCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'compare',
    load: async () => (await import('../totals/compare.ts')).COMPARE,
  });
}
