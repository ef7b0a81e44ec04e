import { type Command, InvalidArgumentError, Option } from 'commander';
import { DELIVERY_STATES, type ListedState } from '../../incident/delivery.ts';
import type { DeliveryFlags } from '../alert/deliveries.ts';
import { addServerFlags } from '../client/server-flags.ts';
import { addConfigFlags, type ConfigFlags, settingsOf } from '../options.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';
import { addTargetFlags } from '../target.ts';

interface ListFlags extends DeliveryFlags, OutputFlags {
  readonly receiver?: string;
  readonly state?: ListedState;
  readonly last: number;
}

interface AgainFlags extends DeliveryFlags {
  readonly receiver?: string;
  readonly dead?: boolean;
}

const MOST = 10_000;

export function addAlertCommand(program: Command): void {
  const alert = addConfigFlags(program.command('alert'))
    .description(
      'Follows the incidents in ClickHouse (store), records which are new, changed or resolved, and posts these events to the configured webhooks (alert.webhooks). One process is enough; `up` includes it.',
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
    .summary('list deliveries to receivers')
    .description('Lists deliveries to receivers, the newest first.');
  addOutputFlags(addDeliveryFlags(command))
    .option('--receiver <name>', 'only deliveries to this receiver')
    .addOption(
      new Option('--state <state>', 'only deliveries in this state').choices(DELIVERY_STATES),
    )
    .option('--last <number>', 'number of deliveries', wholeNumber, 20)
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListFlags>();
      const [{ withDeliveries }, { processIo }, { deliveriesAnswer }] = await Promise.all([
        import('../alert/deliveries.ts'),
        import('../call.ts'),
        import('../alert/print.ts'),
      ]);
      const { receiver, state, last } = flags;
      const io = processIo();
      await withDeliveries(flags, io, async (deliveries) => {
        const found = await deliveries.list({ receiver, state, limit: last }, io.signal);
        await print(deliveriesAnswer(found), flags);
      });
    });
}

function addAgain(alert: Command): void {
  const command = alert
    .command('redeliver')
    .argument('[key...]', 'keys of events, as `deliveries` lists them')
    .summary('deliver events again')
    .description(
      `Queues events for delivery under the same keys. The process that runs the notifiers delivers them within seconds, or at its next start.`,
    );
  addDeliveryFlags(command)
    .option('--receiver <name>', 'only to this receiver')
    .option('--dead', 'all events that were given up')
    .action(async (keys: readonly string[], _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AgainFlags>();
      const { receiver, dead = false } = flags;
      const [{ withDeliveries }, { processIo }, { inputError }] = await Promise.all([
        import('../alert/deliveries.ts'),
        import('../call.ts'),
        import('../../runtime/errors.ts'),
      ]);
      if (keys.length === 0 && !dead)
        throw inputError('name keys of events, or give --dead for all given up');
      const io = processIo();
      await withDeliveries(flags, io, async (deliveries) => {
        const { again, more } = await deliveries.redeliver({ keys, receiver, dead }, io.signal);
        process.stdout.write(`${again} ${again === 1 ? 'event' : 'events'} queued for delivery\n`);
        if (more) process.stderr.write('there are more; run it again once these are delivered\n');
      });
    });
}

function addDeliveryFlags(command: Command): Command {
  const named = addTargetFlags(addConfigFlags(command), ['clickhouse', 'dataDir']);
  return addServerFlags(named, { dataDir: false });
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MOST}.`);
}
