import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addMapCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'map',
    load: async () => (await import('../totals/map.ts')).MAP,
  });
}
