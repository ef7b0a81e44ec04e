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

const DESCRIPTION = `Shows what was collected in a window and what was not: flows received and seen, flows lost and by what, flows missing
because a node's ring was overwritten before they were read, minutes without data, delay and clock skew.`;

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
