// `npm run bench:alert`: how long after a denial a webhook has its incident, while flows pour in.
//   npm run bench:alert -- [--rate 20000] [--seconds 30] [--denials 10] [--json]
// Two simulated relays (the load, and denials of which each is a new incident, as many a second as --denials says),
// `parallax up` and the receiver share the machine. Linux only, for the CPU figures.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Received, receiver, SECRET } from '../../engines/webhook.ts';
import { addressOf, denialsRelay } from '../../support/e2e/denials.ts';
import { metric } from '../../support/e2e/metrics.ts';
import type { Role } from '../../support/e2e/role.ts';
import { spentWithin, withBench } from '../up.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '30' },
    denials: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const denials = Number(values.denials);
/** A fresh collector's batches are replays for its first half minute: everything is asked for in the store. */
const WARM_UP_S = 35;
/** How long the last ones are waited for. */
const REST_MS = 30_000;

interface Result {
  readonly storedPerSecond: number;
  readonly incidents: number;
  readonly missed: number;
  readonly repeated: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuCores: number;
  readonly rssMiB: number;
}

const hook = await receiver();
try {
  const result = await withBench(rate, async ({ program, directory, load, up }) => {
    const count = denials * (WARM_UP_S + seconds);
    const relay = denialsRelay({ program, directory, count, rate: denials });
    try {
      const role = await up({
        clusters: [load, { name: 'alliance', relay: await addressOf(relay) }],
        alert: {
          webhooks: [
            { name: 'bench', url: hook.url, secret: SECRET, filter: { cluster: ['alliance'] } },
          ],
        },
      });
      return await measure(role, count);
    } finally {
      await relay.stop();
    }
  });
  if (values.json) console.log(JSON.stringify({ rate, seconds, denials, ...result }));
  else print(result);
} finally {
  await hook.stop();
}
process.exit(0);

async function measure(up: Role, count: number): Promise<Result> {
  const { url } = up;
  await sleep(WARM_UP_S * 1000);
  const stored = async () => (await metric(url, 'parallax_writer_flows_total')) ?? 0;
  const before = await stored();
  const beganMs = Date.now();
  const spent = await spentWithin(up.child, seconds);
  const endedMs = Date.now();
  const flows = (await stored()) - before;
  const restMs = endedMs + REST_MS;
  const keys = () => new Set(hook.received.map(({ key }) => key)).size;
  while (keys() < count && Date.now() < restMs) await sleep(100);
  // Those of which the flow was seen while it was measured.
  const delays = firsts(hook.received)
    .map(({ event, atMs }) => ({ flowMs: Date.parse(event.incident.firstSeen), atMs }))
    .filter(({ flowMs }) => flowMs >= beganMs && flowMs < endedMs)
    .map(({ flowMs, atMs }) => atMs - flowMs)
    .sort((a, b) => a - b);
  return {
    storedPerSecond: Math.round(flows / spent.seconds),
    incidents: delays.length,
    missed: count - keys(),
    repeated: hook.received.length - keys(),
    p50Ms: quantile(delays, 0.5),
    p99Ms: quantile(delays, 0.99),
    maxMs: delays.at(-1) ?? Number.NaN,
    cpuCores: spent.cpuCores,
    rssMiB: spent.rssMiB,
  };
}

function firsts(received: readonly Received[]): Received[] {
  const first = new Map<string, Received>();
  for (const each of received) if (!first.has(each.key)) first.set(each.key, each);
  return [...first.values()];
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function print(result: Result): void {
  console.log(`new incidents among ${rate} flows/s, ${seconds} s`);
  console.log(`flows/s stored       ${result.storedPerSecond}`);
  console.log(
    `incidents            ${result.incidents}, ${result.missed} missed, ${result.repeated} repeated`,
  );
  console.log(
    `flow → webhook       p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, most ${result.maxMs} ms`,
  );
  console.log(
    `up                   ${result.cpuCores.toFixed(2)} cores, ${Math.round(result.rssMiB)} MiB`,
  );
}
