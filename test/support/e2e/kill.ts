// What `npm run test:kill` runs: many rounds of killing over the same two stores, a line each.
import { parseArgs } from 'node:util';
import { kafkaAvailable, startKafka } from '../../engines/kafka.ts';
import { Pipeline } from './pipeline.ts';
import { buildProgram } from './program.ts';
import { killRound, type Round, TARGETS, type Target } from './rounds.ts';
import { dice } from './seeded.ts';

const USAGE = `usage: npm run test:kill -- [--rounds N] [--seed S] [--target ${TARGETS.join('|')}|up|all]
                            [--rate FLOWS_A_SECOND] [--seconds LOAD] [--times KILLS] [--keep]
Kills processes of a running pipeline at random moments and holds the store against what the relays sent.
  --rate and --seconds  of each of two relays, a round (default 3000 and 3)
  --times               how often something is killed in a round (default 2)
  --keep                leave the data and the logs, and say where they are`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string' },
    target: { type: 'string', default: 'all' },
    rate: { type: 'string', default: '3000' },
    seconds: { type: 'string', default: '3' },
    times: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function positive(name: 'rounds' | 'rate' | 'seconds' | 'times'): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} ${values[name]}: expected a whole number above 0`);
}

function targetsOf(name: string): readonly Target[] {
  if (name === 'all') return ['up', ...TARGETS];
  const found = (['up', ...TARGETS] as const).find((target) => target === name);
  if (found) return [found];
  throw new Error(`--target ${name}: expected up, ${TARGETS.join(', ')} or all`);
}

async function main(): Promise<boolean> {
  const [rounds, rate, seconds] = [positive('rounds'), positive('rate'), positive('seconds')];
  const times = positive('times');
  let targets = targetsOf(values.target);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
  const random = dice(seed);
  const available = await kafkaAvailable();
  if (!available.ok && targets.some((target) => target !== 'up')) {
    const message = `no Kafka: ${available.reason}`;
    if (process.env.CI === 'true' || !targets.includes('up')) throw new Error(message);
    console.log(`*** ${message}: only the all-in-one process is killed ***`);
    targets = ['up'];
  }
  console.log(
    `seed ${seed}, ${rounds} rounds of ${2 * rate * seconds} flows: ${targets.join(', ')}`,
  );
  const program = await buildProgram();
  const kafka = targets.some((target) => target !== 'up') ? await startKafka() : undefined;
  const pipelines = new Map<string, Pipeline>();
  const results: Round[] = [];
  const began = Date.now();
  let failed = 0;
  try {
    for (let number = 1; number <= rounds; number++) {
      const target = targets[(number - 1) % targets.length] ?? 'up';
      const kind = target === 'up' ? 'up' : 'split';
      let pipeline = pipelines.get(kind);
      if (!pipeline) {
        pipeline = await Pipeline.create({ program, ...(kind === 'split' && kafka && { kafka }) });
        pipelines.set(kind, pipeline);
      }
      const round = await killRound(pipeline, { target, dice: random, times, rate, seconds });
      results.push(round);
      const { sent, stored, parts } = round.found;
      if (round.wrong !== '') failed++;
      console.log(
        `${String(number).padStart(4)} ${target.padEnd(9)} ${(round.ms / 1000).toFixed(1).padStart(5)} s  ` +
          `sent ${sent} stored ${stored} in ${parts} parts  ${round.wrong || 'ok'}  [${round.kills.join(', ')}]`,
      );
      if (round.wrong !== '') console.log(pipeline.tails());
    }
  } catch (error) {
    failed++;
    console.log(error instanceof Error ? error.message : String(error));
  } finally {
    const keep = values.keep || failed > 0;
    for (const pipeline of pipelines.values()) {
      if (keep) console.log(`data and logs: ${pipeline.directory}`);
      await pipeline.remove({ keep });
    }
    await kafka?.stop();
    await program.remove();
  }
  const kills = results.reduce((sum, round) => sum + round.kills.length, 0);
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  console.log(
    `${results.length} rounds, ${kills} kills in ${minutes} min, ${failed} failed (seed ${seed})`,
  );
  return failed === 0;
}

if (values.help) console.log(USAGE);
else process.exit((await main()) ? 0 : 1);
