import { type Command, InvalidArgumentError } from 'commander';
import type { Setting } from '../../config/sources.ts';
import { addConfigFlags, type ConfigFlags, settingsOf } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface UpFlags extends ConfigFlags, TargetFlags {
  readonly relay?: readonly { readonly name: string; readonly relay: string }[];
  readonly listen?: string;
  readonly demo?: boolean;
  readonly quiet?: boolean;
}

/** `eks=10.0.0.5:4245` → a cluster of that name behind that relay; the address itself is checked with the configuration. */
function relayFlag(
  text: string,
  earlier: NonNullable<UpFlags['relay']> = [],
): NonNullable<UpFlags['relay']> {
  const equals = text.indexOf('=');
  if (equals < 1 || equals === text.length - 1) {
    throw new InvalidArgumentError(
      'Expected NAME=HOST:PORT, such as eks=10.0.0.5:4245 or eks=tls://relay:443.',
    );
  }
  return [...earlier, { name: text.slice(0, equals), relay: text.slice(equals + 1) }];
}

export function addUpCommand(program: Command): void {
  const command = addConfigFlags(program.command('up'))
    .description(
      'Collects, stores and serves in one process, with an in-process bus and the embedded engine by default. Without relays it collects from two simulated clusters.',
    )
    .option(
      '--relay <name=host:port>',
      'a cluster and its Hubble Relay, tls:// allowed; repeatable; in place of the configured clusters',
      relayFlag,
    );
  addTargetFlags(command)
    .option('--listen <host:port>', 'where the API listens (api.listen)')
    .option('--demo', 'collect from two simulated clusters; the default without relays')
    .option('--no-demo', 'simulate no clusters, even without relays')
    .option('-q, --quiet', 'do not print flows')
    .action(async (flags: UpFlags) => {
      const { runRole } = await import('../role.ts');
      const { runUp } = await import('../../app/up.ts');
      await runRole('up', flags, upSettings(flags), (config, deps) =>
        runUp(config, deps, {
          demo: flags.demo ?? config.clusters.length === 0,
          quiet: flags.quiet ?? false,
        }),
      );
    });
}

export function upSettings(flags: UpFlags): Setting[] {
  return [
    ...targetSettings(flags),
    ...settingsOf([
      [flags.relay, ['clusters'], '--relay'],
      [flags.listen, ['api', 'listen'], '--listen'],
    ]),
  ];
}
