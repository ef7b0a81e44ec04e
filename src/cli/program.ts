// The command tree. Only the command that is asked for is loaded, so that `observe` starts without what `write` needs.
import { Command } from 'commander';
import { programVersion } from '../runtime/version.ts';
import { type CommandName, ENTRIES } from './help/commands.ts';
import { commandPage, type HelpPage } from './help/page.ts';
import { helpText, programText } from './help/text.ts';
import { FlagCommand } from './passthrough-command.ts';

type Add = (program: Command) => void;

const LOADERS: Readonly<Record<CommandName, () => Promise<Add>>> = {
  observe: async () => (await import('./commands/observe.ts')).addObserveCommand,
  denials: async () => (await import('./commands/denials.ts')).addDenialsCommand,
  explain: async () => (await import('./commands/explain.ts')).addExplainCommand,
  'suggest-policy': async () =>
    (await import('./commands/suggest-policy.ts')).addSuggestPolicyCommand,
  connections: async () => (await import('./commands/connections.ts')).addConnectionsCommand,
  services: async () => (await import('./commands/services.ts')).addServicesCommand,
  top: async () => (await import('./commands/top.ts')).addTopCommand,
  map: async () => (await import('./commands/map.ts')).addMapCommand,
  timeseries: async () => (await import('./commands/timeseries.ts')).addTimeseriesCommand,
  compare: async () => (await import('./commands/compare.ts')).addCompareCommand,
  policies: async () => (await import('./commands/policies.ts')).addPoliciesCommand,
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  list: async () => (await import('./commands/list.ts')).addListCommand,
  watch: async () => (await import('./commands/watch.ts')).addWatchCommand,
  coverage: async () => (await import('./commands/coverage.ts')).addCoverageCommand,
  clusters: async () => (await import('./commands/clusters.ts')).addClustersCommand,
  identities: async () => (await import('./commands/identities.ts')).addIdentitiesCommand,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  up: async () => (await import('./commands/up.ts')).addUpCommand,
  collect: async () => (await import('./commands/collect.ts')).addCollectCommand,
  write: async () => (await import('./commands/write.ts')).addWriteCommand,
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  alert: async () => (await import('./commands/alert.ts')).addAlertCommand,
  config: async () => (await import('./commands/config.ts')).addConfigCommand,
  import: async () => (await import('./commands/import.ts')).addImportCommand,
  replay: async () => (await import('./commands/replay.ts')).addReplayCommand,
  migrate: async () => (await import('./commands/migrate.ts')).addMigrateCommand,
  simulate: async () => (await import('./commands/simulate.ts')).addSimulateCommand,
  completion: async () => {
    const { addCompletionCommand } = await import('./commands/completion.ts');
    return (program) => addCompletionCommand(program, helpPages);
  },
  version: async () => (await import('./commands/version.ts')).addVersionCommand,
};

export const DESCRIPTION =
  'Flow history for many Cilium clusters: collects from Hubble Relay, keeps flows in ClickHouse, and answers like hubble observe.';

/** The program with the command called `only`; the names of all where there is none, for help and suggestions. */
export async function buildProgram(only?: string): Promise<Command> {
  const program = emptyProgram();
  if (isCommand(only)) (await LOADERS[only]())(program);
  else for (const [name, { summary }] of ENTRIES) program.command(name).summary(summary);
  return program;
}

/** What there is to say about every command, in the order of the help. */
export async function helpPages(): Promise<readonly HelpPage[]> {
  const program = emptyProgram();
  for (const load of Object.values(LOADERS)) (await load())(program);
  return Promise.all(
    program.commands.map((command) =>
      command instanceof FlagCommand ? command.page() : commandPage(command),
    ),
  );
}

/** `help denials` is `denials --help`, and no words at all are `--help`. */
export function helpArguments(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === undefined) return ['--help'];
  return first === 'help' ? [...rest, '--help'] : args;
}

function isCommand(name: string | undefined): name is CommandName {
  return name !== undefined && Object.hasOwn(LOADERS, name);
}

function emptyProgram(): Command {
  const program = new Command('parallax')
    .description(DESCRIPTION)
    .version(programVersion(), '-V, --version', 'print the version number')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    // main.ts prints refusals.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  return program.configureHelp({
    formatHelp: (command) =>
      command === program
        ? programText(DESCRIPTION, process.stdout.columns)
        : helpText(commandPage(command), process.stdout.columns),
  });
}
