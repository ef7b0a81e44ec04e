// What simulated load costs, CPU µs a flow, in this process, with a client of its own in another:
//   node --import tsx test/bench/simulate/load.ts [--rate N] [--seconds N]
// made: flows written into the rings only, in a tight loop. served: at the rate, with a client that follows.
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import { LoadGenerator } from '../../../src/simulate/load.ts';
import { loadCluster } from '../../../src/simulate/population.ts';
import { SimulatedRelay } from '../../../src/simulate/relay.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '5' },
    ring: { type: 'string', default: '4095' },
  },
});
const seconds = Math.min(60, Number(values.seconds));
const logger = pino({ level: 'silent' });
const none = new AbortController().signal;

async function measure(from: () => number, run: () => Promise<unknown>) {
  const before = from();
  const began = performance.now();
  const cpu = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  const flows = from() - before;
  const perSecond = Math.round((flows * 1000) / (performance.now() - began));
  return { flows, perSecond, us: (user + system) / flows, user: user / flows };
}

function print(name: string, of: Awaited<ReturnType<typeof measure>>, more = ''): void {
  process.stdout.write(
    `${name}  ${of.perSecond} flows/s  ${of.us.toFixed(2)} µs a flow (${of.user.toFixed(2)} user)${more}\n`,
  );
}

const config = simulateSchema.parse({
  scenario: 'load',
  rate: Number(values.rate),
  ring: Number(values.ring),
});
const cluster = loadCluster(0, config.nodes);
const relay = new SimulatedRelay(
  {
    name: cluster.name,
    nodes: cluster.nodes.map(({ name }) => name),
    ring: config.ring,
    host: '127.0.0.1',
    port: 0,
    version: config.version,
    namespaces: [],
  },
  { logger, clock: systemClock },
);
const load = new LoadGenerator(cluster, relay, config, systemClock);
await load.start(none);
await load.stop(none);
for (const round of [1, 2, 3]) {
  const made = await measure(
    () => load.made,
    async () => {
      for (let i = 0; i < 600; i++) load.make(500, Date.now(), 5);
    },
  );
  print(`made, round ${round}`, made);
}
await relay.start(none);
await load.start(none);
const client = fork(fileURLToPath(new URL('drain.ts', import.meta.url)), [relay.address]);
await sleep(2500);
const { written, lost } = relay.stats();
const served = await measure(
  () => load.made,
  () => sleep(seconds * 1000),
);
const after = relay.stats();
const more = `, ${after.written - written} written, ${after.lost - lost} lost`;
print('made and served', served, more);
client.kill();
await load.stop(none);
await relay.stop(AbortSignal.timeout(100));
