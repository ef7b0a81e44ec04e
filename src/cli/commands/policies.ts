import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addPoliciesCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'policies',
    load: async () => (await import('../totals/policies.ts')).POLICIES,
  });
}
