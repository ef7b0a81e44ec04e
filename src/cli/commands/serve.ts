import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags, settingsOf } from '../options.ts';

export function addServeCommand(program: Command): void {
  addConfigFlags(program.command('serve'))
    .description(
      'Serves the HTTP and gRPC APIs (api), which `parallax observe` and `hubble observe` query, from ClickHouse (store).',
    )
    .option('--listen <host:port>', 'where the API listens (api.listen)')
    .action(async (flags: ConfigFlags & { listen?: string }) => {
      const { runRole } = await import('../role.ts');
      const { runServe } = await import('../../app/serve.ts');
      const settings = settingsOf([[flags.listen, ['api', 'listen'], '--listen']]);
      await runRole('serve', flags, settings, runServe);
    });
}
