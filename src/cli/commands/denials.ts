// `parallax denials`: who was denied what, where and by which policy.
import type { Command } from 'commander';
import { addPassthroughCommand } from '../passthrough-command.ts';

export function addDenialsCommand(program: Command): void {
  addPassthroughCommand(program, {
    name: 'denials',
    summary: 'show denials as incidents: who was denied what, where, by which policy',
    async run(args) {
      const [{ runDenials }, { processIo }] = await Promise.all([
        import('../denials/run.ts'),
        import('../call.ts'),
      ]);
      return runDenials(args, processIo());
    },
  });
}
