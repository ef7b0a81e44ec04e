import type { ParallaxConfig } from '../app/config.ts';
import type { RoleDeps } from '../app/role.ts';
import type { Setting } from '../config/sources.ts';
import { systemClock } from '../runtime/clock.ts';
import { installCrashHandlers } from '../runtime/crash.ts';
import { programVersion } from '../runtime/version.ts';
import { type ConfigFlags, loadFor } from './options.ts';

const BRIEF: ReadonlySet<string> = new Set(['import', 'migrate', 'doctor', 'replay', 'deliveries']);

/** Runs a role in this process; `body` resolves with the exit code when the role has ended. */
export async function runRole(
  role: string,
  flags: ConfigFlags,
  settings: readonly Setting[],
  body: (config: ParallaxConfig, deps: RoleDeps) => Promise<number>,
): Promise<void> {
  const { value: config, origins, renamed } = await loadFor(flags, settings);
  const [{ createLogger }, { createRegistry }] = await Promise.all([
    import('../telemetry/logger.ts'),
    import('../telemetry/metrics.ts'),
  ]);
  // A command that prints its outcome logs warnings and errors alone, unless log.level is set.
  const brief = BRIEF.has(role) && !origins.has('log.level');
  const log = brief ? { ...config.log, level: 'warn' as const } : config.log;
  const logger = createLogger({ config: log, role });
  for (const { oldKey, newKey, origin } of renamed)
    logger.warn({ at: origin, oldKey, newKey }, 'configuration key renamed');
  installCrashHandlers(process, logger);
  const version = programVersion();
  const registry = createRegistry({ role, version });
  process.exitCode = await body(config, {
    logger,
    registry,
    clock: systemClock,
    signals: process,
    reload: {
      file: flags.config ?? process.env.PARALLAX_CONFIG,
      load: async () => (await loadFor(flags, settings)).value,
      onHangup(listener) {
        process.on('SIGHUP', listener);
        return () => process.off('SIGHUP', listener);
      },
    },
    version,
    stdout: process.stdout,
  });
}
