// `parallax migrate`: brings the store's tables up to date, or says what it would do.
import { createStore } from '../store/open.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code; tells on standard output what ran, or what would run. */
export async function runMigrate(
  config: ParallaxConfig,
  deps: RoleDeps,
  options: { readonly dryRun: boolean },
): Promise<number> {
  const { logger, registry, clock, stdout } = deps;
  const store = createStore({ config: config.store, logger, registry, clock });
  await store.start(new AbortController().signal);
  try {
    const { migrations, adjustments } = await store.migrate({ dryRun: options.dryRun });
    const verb = options.dryRun ? 'would run' : 'ran';
    for (const { name, statements } of migrations) {
      stdout.write(`${verb} ${name} (${statements.length} statements)\n`);
      if (options.dryRun) for (const statement of statements) stdout.write(`${statement};\n\n`);
    }
    for (const statement of adjustments) stdout.write(`${verb} ${statement}\n`);
    if (migrations.length + adjustments.length === 0) stdout.write('the store is up to date\n');
    return 0;
  } finally {
    await store.stop(AbortSignal.timeout(config.shutdownTimeout));
  }
}
