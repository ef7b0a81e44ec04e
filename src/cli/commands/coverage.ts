import type { Command } from 'commander';
import type { CoverageReport } from '../../query/coverage/report.ts';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { collect } from '../options.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';

interface Flags extends ServerFlags, OutputFlags {
  readonly since?: string;
  readonly until?: string;
  readonly cluster?: readonly string[];
  readonly node?: readonly string[];
}

const DESCRIPTION = `Says what was collected in a window and what was not: flows received and seen, lost and where, missing because a
node's ring overwrote them while nobody read it, minutes in which a node was dark, delay and clock skew.

Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory open, else reads the
directory itself.`;

export function addCoverageCommand(program: Command): void {
  addServerFlags(addOutputFlags(program.command('coverage')))
    .description(DESCRIPTION)
    .option('--since <time>', 'from when, such as 30m, 7d or 2026-03-14T10:00:00Z (default: 1h)')
    .option('--until <time>', 'until when (default: now)')
    .option('--cluster <name>', 'only this cluster; repeatable', collect)
    .option('--node <name>', 'only this node, as flows name it; repeatable', collect)
    .action(async (flags: Flags) => {
      const [{ getDocument }, { processIo }, { TimeReader }, { coverageAnswer }] =
        await Promise.all([
          import('../client/document.ts'),
          import('../call.ts'),
          import('../time.ts'),
          import('../coverage/print.ts'),
        ]);
      const io = processIo();
      const { cluster, node } = flags;
      const times = new TimeReader(io.nowMs(), io.warn);
      const [since, until] = [times.text('since', flags.since), times.text('until', flags.until)];
      const report = await getDocument<CoverageReport>(
        flags,
        '/api/v1/coverage',
        { since, until, cluster, node },
        (answer) => 'says' in answer,
        io,
      );
      await print(coverageAnswer(report), flags);
    });
}
