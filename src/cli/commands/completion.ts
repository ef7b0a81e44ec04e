import { Argument, type Command } from 'commander';
import type { Shell } from '../help/completion.ts';
import type { HelpPage } from '../help/page.ts';

export function addCompletionCommand(
  program: Command,
  pages: () => Promise<readonly HelpPage[]>,
): void {
  program
    .command('completion')
    .description('Prints a script that completes commands, flags and their values in a shell.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../help/completion.ts');
      process.stdout.write(completionScript(shell, await pages()));
    });
}
