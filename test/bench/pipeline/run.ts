// `npm run bench`: what the whole way costs, beside its floors, measured in one run on one machine.
//   npm run -s bench -- [--seconds 60] [--rate 110000] [--only kafka,embedded,freshness,floors] [--json]
// The simulator, Kafka, the roles and the embedded engine all share the machine; each is a process of its own.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kafkaAvailable } from '../../engines/kafka.ts';
import { buildProgram } from '../../support/e2e/program.ts';
import { type Figures, runEmbedded, runKafka } from './paths.ts';
import { floorOf, ratios, table } from './table.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '110000' },
    only: { type: 'string', default: 'floors,kafka,embedded,freshness' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const parts = new Set(values.only.split(','));
const FLOOR_FLOWS = 400_000;
const FRESH_RATE = 20_000;

interface Floor {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly bytesPerRow: number;
  readonly rss: number;
}

function floor(what: string, env: Record<string, string> = {}): Floor {
  const script = fileURLToPath(new URL('./floors.ts', import.meta.url));
  const args = ['--import', 'tsx', script, what, String(FLOOR_FLOWS)];
  const out = execFileSync(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  });
  return JSON.parse(out.toString()) as Floor;
}

const program = await buildProgram();
const results: Record<string, Figures | Floor | string> = {};
try {
  if (parts.has('floors')) {
    const { withRelay } = await import('./paths.ts');
    results['native insert'] = floor('native');
    results['JSONEachRow insert'] = floor('json');
    await withRelay(program, 300_000, async (address) => {
      results['receive, grpc-js'] = floor('receive', { RELAY: address });
    });
    await withRelay(program, 300_000, async (address) => {
      results['receive, http2'] = floor('receive-http2', { RELAY: address });
    });
  }
  const kafka = await kafkaAvailable();
  if (parts.has('kafka')) {
    results.kafka = kafka.ok
      ? await runKafka(program, { rate, seconds })
      : `SKIPPED: no Kafka: ${kafka.reason}`;
  }
  if (parts.has('embedded')) results.embedded = await runEmbedded(program, { rate, seconds });
  if (parts.has('freshness')) {
    const load = { rate: FRESH_RATE, seconds: Math.min(seconds, 30) };
    if (kafka.ok) results['kafka at 20,000/s'] = await runKafka(program, load);
    results['embedded at 20,000/s'] = await runEmbedded(program, load);
  }
} finally {
  await program.remove();
}

const machine = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0]?.model ?? '',
  cores: cpus().length,
};
if (values.json) {
  const floor = floorOf(results);
  const beside = Object.fromEntries(
    Object.entries(results).flatMap(([name, result]) =>
      typeof result === 'object' && 'freshness' in result ? [[name, ratios(result, floor)]] : [],
    ),
  );
  console.log(JSON.stringify({ machine, rate, seconds, results, beside }, null, 2));
} else console.log(table(machine, results));
process.exit(0);
