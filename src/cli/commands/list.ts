import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, processScreen } from '../output/command.ts';

type Flags = ServerFlags & OutputFlags;

export function addListCommand(program: Command): void {
  const list = program
    .command('list')
    .description(
      'Lists nodes and namespaces, in the formats of `hubble list` and of every other command.',
    );
  addOutputFlags(addServerFlags(list.command('nodes').alias('node')))
    .summary('list the nodes that flows are collected from')
    .description('Lists nodes with state, uptime and flows per second.')
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
    .summary('list the namespaces of recent flows, and those that Kubernetes reports')
    .description('Lists namespaces; -o wide adds their clusters.')
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
