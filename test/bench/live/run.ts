// `npm run bench:live`: how late live streams are while flows pour in, for many clients with filters of their own.
//   npm run bench:live -- [--rate 20000] [--seconds 30] [--clients 50] [--unfiltered 1] [--json]
// Simulator, `parallax up` and the clients (all in this process) share the machine. Linux only, for the CPU figures.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { metric } from '../../support/e2e/metrics.ts';
import type { Role } from '../../support/e2e/role.ts';
import { spentWithin, withBench } from '../up.ts';
import { Delays, type Follower, filterOf, followGrpc, followHttp } from './clients.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '30' },
    clients: { type: 'string', default: '50' },
    unfiltered: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const clients = Number(values.clients);
const unfiltered = Number(values.unfiltered);
const WARM_UP_MS = 10_000;

interface Result {
  readonly offeredPerSecond: number;
  readonly seenPerSecond: number;
  readonly delivered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly missed: number;
  readonly droppedAll: number;
  readonly cpuCores: number;
  readonly cpuMicrosPerFlow: number;
  readonly rssMiB: number;
  readonly clientsCpuCores: number;
}

async function measure(up: Role): Promise<Result> {
  const { url } = up;
  const grpc = String(up.child.logLines.find(({ msg }) => msg === 'grpc api listens')?.address);
  const filtered = new Delays();
  const everything = new Delays();
  const followers: Follower[] = [];
  for (let n = 0; n < clients; n++) {
    const all = n < unfiltered;
    const to = all ? everything : filtered;
    const filter = all ? undefined : filterOf(n);
    followers.push(n % 2 === 0 ? followGrpc(grpc, filter, to) : followHttp(url, filter, to));
  }
  await sleep(WARM_UP_MS);
  filtered.reset();
  everything.reset();
  const seen = async () => (await metric(url, 'parallax_live_responses_total')) ?? 0;
  const dropped = async () =>
    (await metric(url, 'parallax_live_dropped_total', { cause: 'all' })) ?? 0;
  const [seenBefore, droppedBefore, own] = [await seen(), await dropped(), process.cpuUsage()];
  const spent = await spentWithin(up.child, seconds);
  const ownAfter = process.cpuUsage(own);
  const flows = (await seen()) - seenBefore;
  const result = {
    offeredPerSecond: rate,
    seenPerSecond: Math.round(flows / spent.seconds),
    delivered: filtered.flows + everything.flows,
    p50Ms: Math.max(filtered.quantile(0.5), everything.quantile(0.5) || 0),
    p99Ms: Math.max(filtered.quantile(0.99), everything.quantile(0.99) || 0),
    missed: filtered.lost + everything.lost,
    droppedAll: (await dropped()) - droppedBefore,
    cpuCores: spent.cpuCores,
    cpuMicrosPerFlow: spent.cpuMicros / flows,
    rssMiB: spent.rssMiB,
    clientsCpuCores: (ownAfter.user + ownAfter.system) / 1e6 / spent.seconds,
  };
  for (const follower of followers) follower.close();
  return result;
}

const result = await withBench(rate, async ({ up }) => {
  const api = { listen: '127.0.0.1:0', maxStreams: clients, grpc: { maxStreams: clients } };
  return measure(await up({ api }));
});
if (values.json) console.log(JSON.stringify({ rate, seconds, clients, unfiltered, ...result }));
else print(result);
process.exit(0);

function print(result: Result): void {
  console.log(`${clients} clients (half gRPC, half HTTP; ${unfiltered} unfiltered), ${seconds} s`);
  console.log(`flows/s             ${result.seenPerSecond} seen of ${rate} offered`);
  console.log(`delivered           ${result.delivered}`);
  console.log(`delay p50, p99      ${result.p50Ms} ms, ${result.p99Ms} ms`);
  console.log(`missed by clients   ${result.missed}, by all together ${result.droppedAll}`);
  console.log(
    `up                  ${result.cpuCores.toFixed(2)} cores, ${result.cpuMicrosPerFlow.toFixed(1)} µs a flow, ${Math.round(result.rssMiB)} MiB`,
  );
  console.log(`clients             ${result.clientsCpuCores.toFixed(2)} cores`);
}
