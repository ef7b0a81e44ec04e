import type { Command } from 'commander';
import { addServerFlags } from '../client/server-flags.ts';
import { addOutputFlags } from '../output/command.ts';
import type { ExplainFlags } from '../report/explain.ts';

export function addExplainCommand(program: Command): void {
  addServerFlags(addOutputFlags(program.command('explain')))
    .description(
      'Explains one connection: its ends and their clusters, what each end saw, which policy denied or allowed it, and what is not known. Name a flow of the connection by its uuid, or both ends; of several connections between them it explains the newest denied one, else the newest.',
    )
    .argument('[uuid]', 'uuid of any flow of the connection')
    .option('--from <end>', 'client: pod (NAMESPACE/NAME or a prefix) or address')
    .option('--to <end>', 'server: pod or address, with :PORT if needed')
    .option('--since <time>', 'start: 30m, 7d, 2026-03-14T10:00:00Z; with --from and --to')
    .option('--until <time>', 'end, as --since')
    .action(async (uuid: string | undefined, flags: ExplainFlags) => {
      const [{ runExplain }, { processIo }] = await Promise.all([
        import('../report/explain.ts'),
        import('../call.ts'),
      ]);
      await runExplain(uuid, flags, processIo());
    });
}
