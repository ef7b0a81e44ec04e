// Adds a command that reports on flows with observe's flags.
import type { Command } from 'commander';
import type { ObserveOptions } from '../observe/options.ts';
import { addPassthroughCommand } from '../passthrough-command.ts';
import type { Report, ReportAnswer } from './run.ts';

interface Parts<T> {
  readonly report: Report<T>;
  readonly ask: (options: ObserveOptions, signal: AbortSignal) => Promise<ReportAnswer<T>>;
}

export function addReportCommand<T>(
  program: Command,
  { load, ...named }: { name: string; summary: string; load: () => Promise<Parts<T>> },
): void {
  addPassthroughCommand(program, {
    ...named,
    async run(args) {
      const [{ runReport }, { report, ask }, { processIo }] = await Promise.all([
        import('./run.ts'),
        load(),
        import('../call.ts'),
      ]);
      const io = processIo();
      return runReport(report, args, { ...io, ask: (options) => ask(options, io.signal) });
    },
  });
}
