import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';

export function addWriteCommand(program: Command): void {
  addConfigFlags(program.command('write'))
    .description(
      'Reads batches from Kafka (bus.kafka), decodes them and stores their flows in ClickHouse (store). Run up to as many as the topic has partitions.',
    )
    .action(async (flags: ConfigFlags) => {
      const { runRole } = await import('../role.ts');
      const { runWrite } = await import('../../app/write.ts');
      await runRole('write', flags, [], runWrite);
    });
}
