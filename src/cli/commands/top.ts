import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addTopCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'top',
    load: async () => (await import('../totals/top.ts')).TOP,
  });
}
