// The command tree. Only the command that is asked for is loaded, so that `observe` starts without what `write` needs.
import { Command } from 'commander';
import { programVersion } from '../runtime/version.ts';

const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  up: async (program) => (await import('./commands/up.ts')).addUpCommand(program),
  observe: async (program) => (await import('./commands/observe.ts')).addObserveCommand(program),
  status: async (program) => (await import('./commands/status.ts')).addStatusCommand(program),
  list: async (program) => (await import('./commands/list.ts')).addListCommand(program),
  watch: async (program) => (await import('./commands/watch.ts')).addWatchCommand(program),
  connections: async (program) =>
    (await import('./commands/connections.ts')).addConnectionsCommand(program),
  explain: async (program) => (await import('./commands/explain.ts')).addExplainCommand(program),
  services: async (program) => (await import('./commands/services.ts')).addServicesCommand(program),
  denials: async (program) => (await import('./commands/denials.ts')).addDenialsCommand(program),
  'suggest-policy': async (program) =>
    (await import('./commands/suggest-policy.ts')).addSuggestPolicyCommand(program),
  top: async (program) => (await import('./commands/top.ts')).addTopCommand(program),
  map: async (program) => (await import('./commands/map.ts')).addMapCommand(program),
  timeseries: async (program) =>
    (await import('./commands/timeseries.ts')).addTimeseriesCommand(program),
  compare: async (program) => (await import('./commands/compare.ts')).addCompareCommand(program),
  policies: async (program) => (await import('./commands/policies.ts')).addPoliciesCommand(program),
  coverage: async (program) => (await import('./commands/coverage.ts')).addCoverageCommand(program),
  import: async (program) => (await import('./commands/import.ts')).addImportCommand(program),
  collect: async (program) => (await import('./commands/collect.ts')).addCollectCommand(program),
  write: async (program) => (await import('./commands/write.ts')).addWriteCommand(program),
  serve: async (program) => (await import('./commands/serve.ts')).addServeCommand(program),
  alert: async (program) => (await import('./commands/alert.ts')).addAlertCommand(program),
  migrate: async (program) => (await import('./commands/migrate.ts')).addMigrateCommand(program),
  clusters: async (program) => (await import('./commands/clusters.ts')).addClustersCommand(program),
  identities: async (program) =>
    (await import('./commands/identities.ts')).addIdentitiesCommand(program),
  config: async (program) => (await import('./commands/config.ts')).addConfigCommand(program),
  replay: async (program) => (await import('./commands/replay.ts')).addReplayCommand(program),
  simulate: async (program) => (await import('./commands/simulate.ts')).addSimulateCommand(program),
  doctor: async (program) => (await import('./commands/doctor.ts')).addDoctorCommand(program),
  version: async (program) => (await import('./commands/version.ts')).addVersionCommand(program),
};

/** The program with the one command called `only`, or with all when there is none of that name. */
export async function buildProgram(only?: string): Promise<Command> {
  const program = new Command('parallax')
    .description(
      'Flow history for many Cilium clusters: collects from Hubble Relay, keeps in ClickHouse, answers like hubble observe.',
    )
    .version(programVersion(), '-V, --version', 'print the version number')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    // main.ts prints refusals.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  const one = only !== undefined && Object.hasOwn(COMMANDS, only) ? COMMANDS[only] : undefined;
  for (const add of one === undefined ? Object.values(COMMANDS) : [one]) await add(program);
  return program;
}
