// `parallax policies`: show which policies allowed and denied what.
import type { Command } from 'commander';
import { addTotalsCommand } from '../totals/command.ts';

export function addPoliciesCommand(program: Command): void {
  addTotalsCommand(program, {
    name: 'policies',
    summary: 'show which policies allowed and denied what',
    words: '[flags]',
    load: async () => (await import('../totals/policies.ts')).POLICIES,
  });
}
