import type { Command } from 'commander';
import { inputError } from '../../runtime/errors.ts';
import type { SimulateConfig } from '../../simulate/config.ts';
import { LOG_LEVELS } from '../../telemetry/config.ts';

/** As commander gives them: text, to be checked by the schema. */
type Flags = Readonly<Record<string, string | string[] | boolean | undefined>>;

const NUMBERS = ['clusters', 'nodes', 'rate', 'speed', 'count', 'ring', 'seed'] as const;
/** Time for clients to take the end of their streams. */
const STOP_MS = 2_000;

export function addSimulateCommand(program: Command): void {
  const repeat = (text: string, earlier: string[] = []) => [...earlier, text];
  program
    .command('simulate')
    .description(
      "Runs relays that speak Hubble's gRPC and serve synthetic flows, and prints their addresses as NAME=HOST:PORT, ready for --relay. Scenarios: story (two clusters, a denial between them), load (synthetic flows at a rate), mesh (two clusters whose relays each send the flows of both, and a third outside called default), jsonl (a file).",
    )
    .option('--scenario <name>', 'story, load, mesh or jsonl', 'story')
    .option('--listen <host:port>', 'where relays listen, repeatable; port 0 is any', repeat)
    .option('--clusters <n>', 'load: number of relays, one per cluster')
    .option('--nodes <n>', 'load, mesh: nodes of each cluster')
    .option(
      '--rate <n>',
      'load, mesh: flows a second of each relay; jsonl: with --times kept or rate',
    )
    .option('--late <time>', 'mesh: delay one flow in fifty by up to this')
    .option('--count <n>', 'stop sending after this many flows of each relay (story: of both)')
    .option('--speed <factor>', 'story: play this many times faster')
    .option('--file <path>', 'jsonl: file of JSON lines to play, gzipped or not')
    .option('--times <how>', 'jsonl: shifted (to now, same gaps), kept, or rate')
    .option('--ring <n>', 'events the ring of a node holds')
    .option('--seed <n>', 'seed of the flows; the same seed gives the same uuids')
    .option('--wait-for-client', 'create no flows before a client connects')
    .option(
      '--fault <what>',
      'repeatable: drop@10s, stall:5s@20s, error:UNAVAILABLE every:30s, restart:5s[:lost]@1m, eof, lost:100, silent, replay, disorder:200ms, malformed:truncated|unknown|utf8|huge; RELAY=… for one relay',
      repeat,
    )
    .option('--ledger <path>', 'file for the uuid of every flow sent (binary, 17 bytes each)')
    .option('--tls-cert <path>', 'serve TLS with this certificate')
    .option('--tls-key <path>', 'private key of the certificate')
    .option('--tls-client-ca <path>', 'require client certificates of this CA')
    .option('--log-level <level>', `one of ${LOG_LEVELS.join(', ')}`, 'info')
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const [{ simulateSchema }, { logConfig }] = await Promise.all([
    import('../../simulate/config.ts'),
    import('../../telemetry/config.ts'),
  ]);
  const parsed = simulateSchema.safeParse(settings(flags));
  const log = logConfig.safeParse({ level: flags.logLevel });
  const problems = [...(parsed.error?.issues ?? []), ...(log.error?.issues ?? [])];
  if (!parsed.success || !log.success) {
    const lines = problems.map(({ path, message }) => `${path.join('.') || 'flags'}: ${message}`);
    throw inputError(`simulate: ${lines.join('; ')}`);
  }
  await simulate(parsed.data, log.data);
}

async function simulate(
  config: SimulateConfig,
  log: import('../../telemetry/config.ts').LogConfig,
): Promise<void> {
  const [{ createLogger }, { createRunner }, { systemClock }, { installCrashHandlers }, room] =
    await Promise.all([
      import('../../telemetry/logger.ts'),
      import('../../runtime/run.ts'),
      import('../../runtime/clock.ts'),
      import('../../runtime/crash.ts'),
      import('../../simulate/simulation.ts'),
    ]);
  const logger = createLogger({ config: log, role: 'simulate' });
  installCrashHandlers(process, logger);
  const clock = systemClock;
  const runner = createRunner({ logger, clock, shutdownTimeoutMs: STOP_MS, signals: process });
  const simulation = runner.add(room.createSimulation(config, { logger, clock }));
  runner.add({
    name: 'addresses',
    async start() {
      const scheme = config.tls ? 'tls://' : '';
      for (const { name, address } of simulation.addresses) {
        process.stdout.write(`${name}=${scheme}${address}\n`);
      }
    },
    async stop() {},
    health: () => ({ state: 'ok' }),
  });
  process.exitCode = await runner.run();
}

/** Flags as the schema's fields; what was not given is left to its defaults. */
function settings(flags: Flags): Record<string, unknown> {
  const { scenario, listen, file, times, ledger, fault, waitForClient, late } = flags;
  const { tlsCert, tlsKey, tlsClientCa } = flags;
  const given: Record<string, unknown> = {
    scenario,
    listen,
    file,
    times,
    ledger,
    waitForClient,
    late,
  };
  for (const name of NUMBERS) {
    const value = flags[name];
    if (value !== undefined) given[name] = value === '' ? Number.NaN : Number(value);
  }
  if (fault !== undefined) given.faults = fault;
  if (tlsCert !== undefined || tlsKey !== undefined || tlsClientCa !== undefined) {
    given.tls = { cert: tlsCert, key: tlsKey, clientCa: tlsClientCa };
  }
  return given;
}
