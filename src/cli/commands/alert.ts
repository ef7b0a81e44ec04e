// `parallax alert`: incidents over time, who is told of them, and what became of that.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addConfigFlags, type ConfigFlags, settingsOf } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface ListFlags extends ConfigFlags, TargetFlags {
  readonly receiver?: string;
  readonly state?: 'delivered' | 'dead' | 'again';
  readonly last: number;
  readonly output: 'table' | 'json';
}

interface AgainFlags extends ConfigFlags, TargetFlags {
  readonly receiver?: string;
  readonly dead?: boolean;
}

const MOST = 10_000;
const DIRECTORY =
  'With the embedded engine `up` must not run meanwhile: it has the directory open.';

export function addAlertCommand(program: Command): void {
  const alert = addConfigFlags(program.command('alert'))
    .summary('watch incidents in ClickHouse and tell of them')
    .description(
      'Looks at the incidents that writers store in ClickHouse (store), writes down which are new, grew or are over, and posts that to the webhooks of the configuration (alert.webhooks). One process is enough; `up` has it built in.',
    )
    .option('--listen <host:port>', 'where health and metrics listen (api.listen)')
    .action(async (flags: ConfigFlags & { listen?: string }) => {
      const { runRole } = await import('../role.ts');
      const { runAlert } = await import('../../app/alert.ts');
      const settings = settingsOf([[flags.listen, ['api', 'listen'], '--listen']]);
      await runRole('alert', flags, settings, runAlert);
    });
  addList(alert);
  addAgain(alert);
}

function addList(alert: Command): void {
  const command = alert
    .command('deliveries')
    .summary('list what became of telling receivers')
    .description(`Lists deliveries, the newest first. ${DIRECTORY}`);
  addTargetFlags(addConfigFlags(command), ['clickhouse', 'dataDir'])
    .option('--receiver <name>', 'only of this receiver')
    .addOption(new Option('--state <state>', 'only these').choices(['delivered', 'dead', 'again']))
    .option('--last <number>', 'how many', wholeNumber, 20)
    .addOption(
      new Option('-o, --output <format>', 'how to print them')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListFlags>();
      const { runRole } = await import('../role.ts');
      const { runDeliveries } = await import('../../app/deliveries.ts');
      const { receiver, state, last, output } = flags;
      await runRole('deliveries', flags, targetSettings(flags), (config, deps) =>
        runDeliveries(config, deps, { receiver, state, last, json: output === 'json' }),
      );
    });
}

function addAgain(alert: Command): void {
  const command = alert
    .command('redeliver')
    .argument('[key...]', 'keys of events, as `deliveries` lists them')
    .summary('have events told again')
    .description(
      `Has events told again, under the same keys, by whoever runs the notifiers. ${DIRECTORY} It is done at the next start then.`,
    );
  addTargetFlags(addConfigFlags(command), ['clickhouse', 'dataDir'])
    .option('--receiver <name>', 'only to this receiver')
    .option('--dead', 'all that were given up')
    .action(async (keys: readonly string[], _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AgainFlags>();
      const { runRole } = await import('../role.ts');
      const { runRedeliver } = await import('../../app/deliveries.ts');
      const { receiver, dead = false } = flags;
      await runRole('deliveries', flags, targetSettings(flags), (config, deps) =>
        runRedeliver(config, deps, { keys, receiver, dead }),
      );
    });
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MOST}.`);
}
