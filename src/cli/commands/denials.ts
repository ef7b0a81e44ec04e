import type { Command } from 'commander';
import { addPassthroughCommand } from '../passthrough-command.ts';

export function addDenialsCommand(program: Command): void {
  addPassthroughCommand(program, {
    name: 'denials',
    page: async () => (await import('../denials/run.ts')).denialsPage(),
    async run(args) {
      const [{ runDenials }, { processIo }] = await Promise.all([
        import('../denials/run.ts'),
        import('../call.ts'),
      ]);
      return runDenials(args, processIo());
    },
  });
}
