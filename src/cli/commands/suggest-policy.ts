import { type Command, Option } from 'commander';
import { addServerFlags } from '../client/server-flags.ts';
import type { SuggestFlags } from '../denials/suggest.ts';
import { addOutputFlags } from '../output/command.ts';
import { POLICY_FORMATS } from '../output/format.ts';

export function addSuggestPolicyCommand(program: Command): void {
  const command = program.command('suggest-policy');
  addServerFlags(addOutputFlags(command, POLICY_FORMATS, 'yaml (the default) or json'))
    .description(
      'Prints a CiliumNetworkPolicy that admits exactly the traffic of an incident: workloads by their stable identity labels, the cluster of the other end, the port, and the requests where a proxy refused them. Comments list the evidence. Where no policy can admit the traffic, they say what would. Nothing is applied.',
    )
    .requiredOption('--incident <id>', 'the incident, as `parallax denials` lists it')
    .addOption(
      new Option(
        '--kind <kind>',
        'kind of the policy; nodes are always selected clusterwide',
      ).choices(['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy']),
    )
    .option('--since <time>', 'only denials since this time: 30m, 7d, 2026-03-14T10:00:00Z')
    .option('--until <time>', 'only denials until this time')
    .action(async (flags: SuggestFlags) => {
      const [{ runSuggest }, { processIo }] = await Promise.all([
        import('../denials/suggest.ts'),
        import('../call.ts'),
      ]);
      await runSuggest(flags, processIo());
    });
}
