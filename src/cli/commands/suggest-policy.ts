import { type Command, Option } from 'commander';
import { addServerFlags } from '../client/server-flags.ts';
import type { SuggestFlags } from '../denials/suggest.ts';
import { addOutputFlags } from '../output/command.ts';
import { POLICY_FORMATS } from '../output/format.ts';

export function addSuggestPolicyCommand(program: Command): void {
  const command = program.command('suggest-policy');
  addServerFlags(addOutputFlags(command, POLICY_FORMATS, 'yaml (the default) or json'))
    .description(
      'Prints the CiliumNetworkPolicy that would admit exactly the traffic of an incident: the workloads by their lasting identity labels, the cluster of the other end, the port, and the requests where a proxy refused them. What it is made from stands before it as comments. Where no policy opens it, the comments say what would. Nothing is applied.',
    )
    .requiredOption('--incident <id>', 'the incident, as `parallax denials` lists it')
    .addOption(
      new Option('--kind <kind>', 'what to make; nodes are always selected clusterwide').choices([
        'CiliumNetworkPolicy',
        'CiliumClusterwideNetworkPolicy',
      ]),
    )
    .option('--since <time>', 'only denials from here on: 30m, 7d, 2026-03-14T10:00:00Z')
    .option('--until <time>', 'only those up to here')
    .action(async (flags: SuggestFlags) => {
      const [{ runSuggest }, { processIo }] = await Promise.all([
        import('../denials/suggest.ts'),
        import('../call.ts'),
      ]);
      await runSuggest(flags, processIo());
    });
}
