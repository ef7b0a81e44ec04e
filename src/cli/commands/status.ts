// `parallax status`: how a server is and what it holds, as `hubble status` says it.
import type { Command } from 'commander';
import { addServerFlags } from '../overview/command.ts';
import type { ServerFlags } from '../overview/view.ts';

export function addStatusCommand(program: Command): void {
  addServerFlags(program.command('status'))
    .summary('show how a server is and what it holds')
    .description('Health, stored flows, flows a second and nodes, in the forms of `hubble status`.')
    .option('-o, --output <format>', 'compact, dict, json or table', 'compact')
    .action(async (flags: ServerFlags & { output: string }) => {
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
        if (flags.output === 'compact')
          process.stdout.write(`Healthcheck (via ${view.target}): ${health}\n`);
        if (health !== HEALTHY) throw new ParallaxError('server/unavailable', 'not healthy');
        const status = await view.status().catch(failing('failed to get hubble server status'));
        process.stdout.write(statusText(status, flags.output));
      });
    });
}
