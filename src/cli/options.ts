import type { Command } from 'commander';
import type { ParallaxConfig } from '../app/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Setting } from '../config/sources.ts';

export interface ConfigFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly logLevel?: string;
}

/** For flags given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Adds `--config`, `--set` and `--log-level`. */
export function addConfigFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration file; $PARALLAX_CONFIG when left out')
    .option('--set <path=value>', 'set one value, such as bus.kind=kafka; repeatable', collect)
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (log.level)');
}

/** A setting per flag that was given: `[value, path, flag]`. */
export function settingsOf(
  rows: readonly (readonly [unknown, readonly string[], string])[],
): Setting[] {
  return rows
    .filter(([value]) => value !== undefined)
    .map(([value, path, origin]) => ({ path, value, origin }));
}

/** Loads the configuration as all commands do; `settings` come from the command's own flags. */
export async function loadFor(
  flags: ConfigFlags,
  settings: readonly Setting[] = [],
): Promise<LoadedConfig<ParallaxConfig>> {
  const { loadParallaxConfig } = await import('../app/config.ts');
  return loadParallaxConfig({
    file: flags.config ?? process.env.PARALLAX_CONFIG,
    env: process.env,
    set: flags.set ?? [],
    flags: [...settingsOf([[flags.logLevel, ['log', 'level'], '--log-level']]), ...settings],
  });
}
