// `parallax compare`: show what is new, gone or changed between two windows.
import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addCompareCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'compare',
    summary: 'show what is new, gone or changed between two windows',
    words: '[what…] [flags]',
    load: async () => (await import('../totals/compare.ts')).COMPARE,
  });
}
