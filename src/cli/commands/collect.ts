import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';

export function addCollectCommand(program: Command): void {
  addConfigFlags(program.command('collect'))
    .description(
      'Reads every configured relay (clusters) and publishes sealed batches of flows to Kafka (bus.kafka).',
    )
    .action(async (flags: ConfigFlags) => {
      const { runRole } = await import('../role.ts');
      const { runCollect } = await import('../../app/collect.ts');
      await runRole('collect', flags, [], runCollect);
    });
}
