import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, processScreen } from '../output/command.ts';
import { STATUS_FORMAT_HELP, STATUS_FORMATS, type StatusFormat } from '../output/format.ts';

export function addStatusCommand(program: Command): void {
  const command = addServerFlags(program.command('status')).description(
    'Shows health, stored flows, flows per second and connected nodes, in the formats of `hubble status` and of every other command.',
  );
  addOutputFlags(command, STATUS_FORMATS, STATUS_FORMAT_HELP).action(
    async (flags: ServerFlags & OutputFlags<StatusFormat>) => {
      const { output = 'compact' } = flags;
      const [{ withView }, { statusText }, { HEALTHY }, { ParallaxError }] = await Promise.all([
        import('../overview/command.ts'),
        import('../overview/print.ts'),
        import('../overview/view.ts'),
        import('../../runtime/errors.ts'),
      ]);
      const failing = (what: string) => (error: unknown) => {
        if (!(error instanceof ParallaxError)) throw error;
        throw new ParallaxError(error.code, `${what}: ${error.message}`, { cause: error });
      };
      await withView(flags, async (view) => {
        const health = await view.health().catch(failing('failed getting status'));
        if (output === 'compact')
          process.stdout.write(`Healthcheck (via ${view.target}): ${health}\n`);
        if (health !== HEALTHY) throw new ParallaxError('server/unavailable', 'not healthy');
        const status = await view.status().catch(failing('failed to get hubble server status'));
        process.stdout.write(await statusText(status, output, processScreen(flags)));
      });
    },
  );
}
