import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface Flags extends ConfigFlags, TargetFlags {
  readonly dryRun?: boolean;
  readonly denials?: boolean;
  readonly since?: string;
  readonly until?: string;
}

const DESCRIPTION = `Runs the pending migrations of the store; \`write\` and \`up\` do the same at start. Migrations only go forward.

With --denials it then derives denials, incidents and totals for stored flows that have none, and from hours whose totals do
not add up. Everything else is left unchanged, so it may be interrupted and run again. Writers may keep running: hours with
flows received in the last five minutes are left to them.`;

export function addMigrateCommand(program: Command): void {
  const command = addConfigFlags(program.command('migrate')).description(DESCRIPTION);
  addTargetFlags(command, ['clickhouse', 'dataDir'])
    .option('--dry-run', 'print the statements instead of running them')
    .option('--denials', 'make denials and totals of the stored flows that have none')
    .option(
      '--since <time>',
      'with --denials: flows since this time: 2h (ago), 7d, 2026-03-14T10:00:00Z',
    )
    .option('--until <time>', 'with --denials: flows until this time')
    .action(async (flags: Flags) => {
      const { runRole } = await import('../role.ts');
      const { runMigrate } = await import('../../app/migrate.ts');
      const dryRun = flags.dryRun ?? false;
      const range = flags.denials === true ? await rangeOf(flags) : undefined;
      await runRole('migrate', flags, targetSettings(flags), (config, deps) =>
        runMigrate(config, deps, { dryRun, denials: range }),
      );
    });
}

async function rangeOf({ since, until }: Flags) {
  const { timeReader } = await import('../time.ts');
  const timeMs = timeReader(Date.now());
  return { fromMs: timeMs('since', since), toMs: timeMs('until', until) };
}
