import type { Command } from 'commander';
import type { RenamedSetting } from '../../config/load.ts';
import { addConfigFlags, type ConfigFlags, loadFor } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

type Flags = ConfigFlags & TargetFlags;

export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .description(
      'Loads the configuration as the roles do: defaults, then the file, then PARALLAX_… variables, then flags.',
    );
  addTargetFlags(addConfigFlags(config.command('check')))
    .summary('report every problem of the configuration')
    .description(
      'Loads the configuration and reports every problem at once. Exit code 2 when there is one.',
    )
    .action(async (flags: Flags) => {
      const { value, renamed } = await loadFor(flags, targetSettings(flags));
      await warnOfOldKeys(renamed);
      const { unreadableTlsFiles } = await import('../../ingest/config.ts');
      const problems = unreadableTlsFiles(value.clusters);
      if (problems.length > 0) {
        const { ParallaxError } = await import('../../runtime/errors.ts');
        throw new ParallaxError('config/invalid', problems.join('\n'));
      }
      const clusters = value.clusters.map((cluster) => cluster.name).join(', ') || 'none';
      process.stdout.write(
        `configuration is valid: bus ${value.bus.kind}, store ${value.store.kind}, clusters: ${clusters}\n`,
      );
    });
  addTargetFlags(addConfigFlags(config.command('print')))
    .summary('print the whole configuration as YAML')
    .description(
      'Prints every setting, defaults included, and where it came from. Secrets are hidden. The output is a valid configuration file.',
    )
    .action(async (flags: Flags) => {
      const { written, origins, renamed } = await loadFor(flags, targetSettings(flags));
      await warnOfOldKeys(renamed);
      const [{ parallaxConfig }, { schemaTree }, { printConfig }] = await Promise.all([
        import('../../app/config.ts'),
        import('../../config/tree.ts'),
        import('../../config/print.ts'),
      ]);
      process.stdout.write(printConfig({ tree: schemaTree(parallaxConfig), written, origins }));
    });
}

async function warnOfOldKeys(renamed: readonly RenamedSetting[]): Promise<void> {
  const { renameNotice } = await import('../../config/load.ts');
  for (const each of renamed) process.stderr.write(`warning: ${renameNotice(each)}\n`);
}
