// What receiving costs, CPU µs a flow, each in this process against a flooding relay in another:
//   node --import tsx test/bench/ingest/receive.ts [--flows N] [--only NAME]
// floor: node:http2, bytes counted and dropped. split: cut into messages. collector: peeked at, batched, sealed and
// dropped instead of published. grpc-js: the same stream through its client, bytes passed through.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createCollector } from '../../../src/ingest/collector.ts';
import { clusterConfig, collectorConfig } from '../../../src/ingest/config.ts';
import { ingestMetrics } from '../../../src/ingest/metrics.ts';
import { MessageSplitter } from '../../../src/ingest/relay/framing.ts';
import { GrpcConnection } from '../../../src/ingest/relay/grpc-connection.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

const { values } = parseArgs({
  options: {
    flows: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const flows = Number(values.flows);
const PATH = '/observer.Observer/GetFlows';
const REQUEST = Buffer.from([0x18, 1]);
const WINDOW = 4 << 20;

async function connection(port: number): Promise<GrpcConnection> {
  const target = {
    host: '127.0.0.1',
    port,
    tls: undefined,
    windowBytes: WINDOW,
    userAgent: 'bench',
  };
  return GrpcConnection.open(target, 5000, new AbortController().signal);
}

async function floor(port: number): Promise<number> {
  const to = await connection(port);
  let bytes = 0;
  await to.stream(PATH, REQUEST, (chunk) => {
    bytes += chunk.length;
  }).ended;
  to.destroy();
  return Math.round(bytes / 905);
}

async function split(port: number): Promise<number> {
  const to = await connection(port);
  let count = 0;
  const nothing = () => undefined;
  const sink = { arrived: nothing, oversize: nothing, flush: nothing, message: () => count++ };
  const splitter = new MessageSplitter(sink, 1 << 25);
  await to.stream(PATH, REQUEST, (chunk) => splitter.push(chunk)).ended;
  to.destroy();
  return count;
}

async function collector(port: number): Promise<number> {
  let count = 0;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const component = createCollector({
    cluster: clusterConfig.parse({ name: 'east', relay: `127.0.0.1:${port}` }),
    config: collectorConfig.parse({ reconnect: { initial: '1m', max: '1m' } }),
    publisher: {
      publish: async ({ release }) => {
        release?.();
        count = component.coverage().received.responses;
        if (count >= flows) done();
      },
    },
    logger: pino({ level: 'silent' }),
    metrics: ingestMetrics(new Registry()),
    clock: systemClock,
    random: () => 0.99,
  });
  await component.start(new AbortController().signal);
  await all;
  await component.stop(AbortSignal.abort());
  return count;
}

async function grpcJs(port: number): Promise<number> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc-node.flow_control_window': WINDOW,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': -1,
  });
  const same = (bytes: Buffer) => bytes;
  const call = client.makeServerStreamRequest(PATH, same, same, REQUEST);
  let count = 0;
  call.on('data', () => count++);
  await new Promise((resolve) => call.on('end', resolve));
  client.close();
  return count;
}

const ways = { floor, split, collector, 'grpc-js': grpcJs };

async function relay(frame: string): Promise<{ child: ChildProcess; port: number }> {
  const script = fileURLToPath(new URL('./flood.ts', import.meta.url));
  const args = ['--import', 'tsx', script, '--flows', String(flows), '--frame', frame];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) =>
    child.stdout?.once('data', (data) => resolve(Number(String(data)))),
  );
  return { child, port };
}

for (const frame of ['large', 'single']) {
  const { child, port } = await relay(frame);
  for (const [name, run] of Object.entries(ways)) {
    if (values.only !== '' && values.only !== name) continue;
    let best = { cpu: Number.POSITIVE_INFINITY, rate: 0, count: 0 };
    for (let round = 0; round < Number(values.rounds); round++) {
      const before = process.cpuUsage();
      const started = performance.now();
      const count = await run(port);
      const { user, system } = process.cpuUsage(before);
      const rate = (count / (performance.now() - started)) * 1000;
      const cpu = (user + system) / count;
      if (cpu < best.cpu) best = { cpu, rate, count };
    }
    console.log(
      `${frame.padEnd(7)} ${name.padEnd(10)} ${best.cpu.toFixed(2)} µs a flow, ${Math.round(best.rate)} flows/s (${best.count})`,
    );
  }
  child.kill();
}
