// `parallax coverage`: how complete what was collected is, by cluster and node.
import type { Command } from 'commander';
import { interrupted } from '../interrupted.ts';
import { collect } from '../options.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';
import { TOKEN_FILE_HELP } from '../token.ts';

interface Flags extends OutputFlags {
  readonly since?: string;
  readonly until?: string;
  readonly cluster?: readonly string[];
  readonly node?: readonly string[];
  readonly server?: string;
  readonly dataDir?: string;
}

const DESCRIPTION = `Says what was collected in a window and what was not: flows received and seen, lost and by whom, missing because a
node's ring overwrote them while nobody read it, minutes in which a node was dark, delay and clock skew.

Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory open, else reads the
directory itself.`;

export function addCoverageCommand(program: Command): void {
  addOutputFlags(program.command('coverage'))
    .summary('say how complete the collected flows are')
    .description(DESCRIPTION)
    .option('--since <time>', 'from when, such as 30m, 7d or 2026-03-14T10:00:00Z (default: 1h)')
    .option('--until <time>', 'until when (default: now)')
    .option('--cluster <name>', 'only this cluster; repeatable', collect)
    .option('--node <name>', 'only this node, as flows name it; repeatable', collect)
    .option('--server <url>', 'URL of a Parallax server; PARALLAX_SERVER')
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--data-dir <dir>', 'data directory to read; PARALLAX_DATA_DIR')
    .action(async (flags: Flags) => {
      const [{ askCoverage }, { coverageAnswer }] = await Promise.all([
        import('../coverage/ask.ts'),
        import('../coverage/print.ts'),
      ]);
      await print(coverageAnswer(await askCoverage(flags, interrupted())), flags);
    });
}
