// `npm run bench:hostile`: what storing loses while the API is attacked from all sides.
//   npm run bench:hostile -- [--rate 20000] [--seconds 20] [--json]
// Three stretches of the same length: calm, under attack, calm again. Simulator, `parallax up` and the attacker share
// the machine. Linux only, for the figures of the process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { metric } from '../../support/e2e/metrics.ts';
import type { Role } from '../../support/e2e/role.ts';
import { spentWithin, withBench } from '../up.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
/** A fresh collector's batches are replays for its first 30 s. */
const WARM_UP_MS = 35_000;
/** An answer that takes longer is as good as none. */
const PATIENCE_MS = 5000;

interface Stretch {
  readonly storedPerSecond: number;
  readonly cpuCores: number;
  readonly peakRssMiB: number;
  /** Of a small question asked once a second by somebody decent. */
  readonly answered: number;
  readonly asked: number;
  readonly slowestAnswerMs: number;
}

async function stretch({ url, child }: Role): Promise<Stretch> {
  const stored = async () => (await metric(url, 'parallax_writer_flows_total')) ?? Number.NaN;
  const before = await stored();
  let [answered, asked, slowest] = [0, 0, 0];
  const spent = await spentWithin(child, seconds, async () => {
    const since = performance.now();
    asked++;
    if (await answers(`${url}/api/v1/flows?last=20&verdict=DROPPED`)) answered++;
    slowest = Math.max(slowest, performance.now() - since);
    await sleep(1000);
  });
  const flows = (await stored()) - before;
  return {
    storedPerSecond: Math.round(flows / spent.seconds),
    cpuCores: spent.cpuCores,
    peakRssMiB: Math.round(spent.rssMiB),
    answered,
    asked,
    slowestAnswerMs: Math.round(slowest),
  };
}

/** Whether it was answered in time; being told to come later counts as an answer. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.arrayBuffer();
    return response.status === 200 || response.status === 429;
  } catch {
    return false;
  }
}

async function underAttack(up: Role) {
  const script = fileURLToPath(new URL('attack-child.ts', import.meta.url));
  const attacker = spawn(process.execPath, ['--import', 'tsx', script, up.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  attacker.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  await sleep(3000);
  const result = await stretch(up);
  const gone = once(attacker, 'close');
  attacker.kill('SIGTERM');
  const killer = setTimeout(() => attacker.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(killer);
  return { ...result, answers: JSON.parse(output || '{}') as Record<string, object> };
}

const result = await withBench(rate, async ({ up }) => {
  const role = await up({ api: { listen: '127.0.0.1:0', grpc: { enabled: false } } });
  await sleep(WARM_UP_MS);
  const calm = await stretch(role);
  const attacked = await underAttack(role);
  await sleep(5000);
  return { calm, attacked, after: await stretch(role) };
});
if (values.json) console.log(JSON.stringify({ rate, seconds, ...result }));
else print(result);
process.exit(0);

function print(result: Readonly<Record<string, Stretch & { readonly answers?: object }>>): void {
  for (const [name, part] of Object.entries(result)) {
    const { storedPerSecond, cpuCores, peakRssMiB, answered, asked, slowestAnswerMs } = part;
    console.log(
      `${name.padEnd(9)} ${storedPerSecond} flows/s stored of ${rate}, ${cpuCores.toFixed(2)} cores, ` +
        `${peakRssMiB} MiB at most; ${answered} of ${asked} small questions answered, the slowest in ${slowestAnswerMs} ms`,
    );
    for (const [attack, counts] of Object.entries(part.answers ?? {}))
      console.log(`          ${attack}: ${JSON.stringify(counts)}`);
  }
}
