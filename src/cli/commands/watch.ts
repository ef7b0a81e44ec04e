import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, processScreen } from '../output/command.ts';

export function addWatchCommand(program: Command): void {
  const watch = program.command('watch').description('Watches a server until it is interrupted.');
  addOutputFlags(addServerFlags(watch.command('peers').alias('peer')))
    .summary('watch the nodes that flows come from')
    .description('Prints every node, then each node that is added, removed or updated.')
    .action(async (flags: ServerFlags & OutputFlags) => {
      const [{ withView }, { PEERS }, { streamPrinter }] = await Promise.all([
        import('../overview/command.ts'),
        import('../overview/print.ts'),
        import('../output/stream.ts'),
      ]);
      const printed = streamPrinter(PEERS, flags.output ?? 'table', processScreen(flags));
      await withView(flags, async (view, signal) => {
        for await (const peer of view.peers(signal)) process.stdout.write(await printed(peer));
      });
    });
}
