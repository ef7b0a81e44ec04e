import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, processScreen } from '../output/command.ts';

type Flags = ServerFlags & OutputFlags;

export function addListCommand(program: Command): void {
  const list = program
    .command('list')
    .description('Lists what flows were lately collected from, in the forms of `hubble list`.');
  addOutputFlags(addServerFlags(list.command('nodes').alias('node')))
    .summary('list the nodes that flows came from')
    .description('Nodes with their state, age and flows a second.')
    .action(async (flags: Flags) => {
      const { withView } = await import('../overview/command.ts');
      const { nodesText } = await import('../overview/print.ts');
      await withView(flags, async (view) => {
        process.stdout.write(
          await nodesText(await view.nodes(), flags.output ?? 'table', processScreen(flags)),
        );
      });
    });
  addOutputFlags(addServerFlags(list.command('namespaces').alias('namespace')))
    .summary(
      'list the namespaces that flows lately had an end in, or that Kubernetes has where it is read',
    )
    .description('Namespaces, with their clusters when wide.')
    .action(async (flags: Flags) => {
      const { withView } = await import('../overview/command.ts');
      const { namespacesText } = await import('../overview/print.ts');
      await withView(flags, async (view) => {
        process.stdout.write(
          await namespacesText(
            await view.namespaces(),
            flags.output ?? 'table',
            processScreen(flags),
          ),
        );
      });
    });
}
