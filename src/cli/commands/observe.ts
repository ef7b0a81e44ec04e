import type { Command } from 'commander';
import { addPassthroughCommand } from '../passthrough-command.ts';

export function addObserveCommand(program: Command): void {
  addPassthroughCommand(program, {
    name: 'observe',
    page: async () => (await import('../observe/run.ts')).observePage(),
    async run(args) {
      if (counts(args)) {
        const [{ runHere }, { AGGREGATE }] = await Promise.all([
          import('../totals/command.ts'),
          import('../totals/aggregate.ts'),
        ]);
        return runHere(AGGREGATE, args);
      }
      const [{ runObserve }, { queryFlows }, { openResponses }, { processIo }] = await Promise.all([
        import('../observe/run.ts'),
        import('../observe/flows.ts'),
        import('../observe/input-file.ts'),
        import('../call.ts'),
      ]);
      const io = processIo();
      return runObserve(args, {
        ...io,
        readFile: (path, warn) => openResponses(path, process.stdin, warn, io.signal),
        isTty: process.stdout.isTTY === true,
        isErrTty: process.stderr.isTTY === true,
        query: (options, listeners) => queryFlows(options, listeners, io),
      });
    },
  });
}

/** Flows are to be counted, not shown. */
function counts(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--aggregate-by' || arg.startsWith('--aggregate-by='));
}
