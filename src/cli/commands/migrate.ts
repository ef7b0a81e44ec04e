// `parallax migrate`: the tables of the store.
import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

type Flags = ConfigFlags & TargetFlags & { readonly dryRun?: boolean };

export function addMigrateCommand(program: Command): void {
  const command = addConfigFlags(program.command('migrate'))
    .summary('bring the tables of the store up to date')
    .description(
      'Runs the migrations the store has not seen yet; `write` and `up` do the same when they start. Migrations only go forward.',
    );
  addTargetFlags(command, ['clickhouse', 'dataDir'])
    .option('--dry-run', 'print the statements instead of running them')
    .action(async (flags: Flags) => {
      const { runRole } = await import('../role.ts');
      const { runMigrate } = await import('../../app/migrate.ts');
      const dryRun = flags.dryRun ?? false;
      await runRole('migrate', flags, targetSettings(flags), (config, deps) =>
        runMigrate(config, deps, { dryRun }),
      );
    });
}
