// `parallax watch peers`: nodes that come, go or change, as `hubble watch peers` prints them.
import type { Command } from 'commander';
import { addServerFlags } from '../overview/command.ts';
import type { ServerFlags } from '../overview/view.ts';

export function addWatchCommand(program: Command): void {
  const watch = program
    .command('watch')
    .summary('watch nodes come and go')
    .description('Watches a server until it is interrupted.');
  addServerFlags(watch.command('peers').alias('peer'))
    .summary('watch the nodes that flows come from')
    .description('Prints every node, and then each that is added, deleted or updated.')
    .action(async (flags: ServerFlags) => {
      const { withView } = await import('../overview/command.ts');
      const { peerText } = await import('../overview/print.ts');
      await withView(flags, async (view, signal) => {
        for await (const peer of view.peers(signal)) process.stdout.write(peerText(peer));
      });
    });
}
