// Adds a command that reports on flows with observe's flags.
import type { Command } from 'commander';
import { addPassthroughCommand } from '../passthrough-command.ts';
import type { Report } from './run.ts';

export function addReportCommand<T>(
  program: Command,
  { name, load }: { name: string; load: () => Promise<Report<T>> },
): void {
  addPassthroughCommand(program, {
    name,
    page: async () => {
      const [{ reportPage }, report] = await Promise.all([import('./run.ts'), load()]);
      return reportPage(report);
    },
    async run(args) {
      const [{ runReport }, report, { processIo }] = await Promise.all([
        import('./run.ts'),
        load(),
        import('../call.ts'),
      ]);
      return runReport(report, args, processIo());
    },
  });
}
