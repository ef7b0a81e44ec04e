// The floors, and what a user would do instead, each in a process of its own over the same flows:
//   node --import tsx test/bench/pipeline/floors.ts native|json|receive|receive-http2 [flows]
// native: blocks made before, inserted into the embedded engine. json: the same rows as JSONEachRow. receive: a relay's
// stream through grpc-js, bytes counted and dropped; receive-http2: the same without grpc-js. Prints one JSON line.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { decodeFlowBatch } from '../../../src/hubble/proto/batch.ts';
import { createCollector } from '../../../src/ingest/collector.ts';
import { clusterConfig, collectorConfig } from '../../../src/ingest/config.ts';
import { ingestMetrics } from '../../../src/ingest/metrics.ts';
import { GrpcConnection } from '../../../src/ingest/relay/grpc-connection.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import { createSimulation } from '../../../src/simulate/simulation.ts';
import { storeConfig } from '../../../src/store/config.ts';
import { createStore } from '../../../src/store/open.ts';
import type { NativeBlock } from '../../../src/store/store.ts';

const [what = 'native', count = '400000'] = process.argv.slice(2);
const flows = Number(count);
const BATCH = 20_000;
const never = new AbortController().signal;
const logger = pino({ level: 'silent' });

function measured(rows: number, bytes: number, before: NodeJS.CpuUsage, startedAt: number) {
  const { user, system } = process.cpuUsage(before);
  return {
    rows,
    bytesPerRow: bytes / rows,
    cpuMicros: (user + system) / rows,
    perSecond: (rows / (performance.now() - startedAt)) * 1000,
    rss: process.memoryUsage().rss,
  };
}

/** Batches as the collector seals them from simulated load. */
async function batches(): Promise<Buffer[]> {
  const simulation = createSimulation(
    simulateSchema.parse({
      scenario: 'load',
      rate: 60_000,
      count: flows,
      ring: flows,
      waitForClient: true,
    }),
    { logger, clock: systemClock },
  );
  await simulation.start(never);
  const address = simulation.addresses[0]?.address ?? '';
  const sealed: Buffer[] = [];
  let seen = 0;
  await new Promise<void>((resolve) => {
    const collector = createCollector({
      cluster: clusterConfig.parse({ name: 'load-1', relay: address }),
      config: collectorConfig.parse({ batch: { count: BATCH, bytes: '64MiB', age: '60s' } }),
      publisher: {
        async publish({ value }) {
          sealed.push(value);
          seen += decodeFlowBatch(value).header.count;
          if (seen >= flows - BATCH) resolve();
        },
      },
      logger,
      metrics: ingestMetrics(new Registry()),
      clock: systemClock,
    });
    void collector.start(never);
  });
  return sealed;
}

async function withStore<T>(
  use: (store: ReturnType<typeof createStore>, directory: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-bench-'));
  const store = createStore({
    config: storeConfig.parse({ chdb: { path: directory } }),
    logger,
    registry: new Registry(),
    clock: systemClock,
  });
  try {
    await store.start(never);
    await store.migrate();
    return await use(store, directory);
  } finally {
    await store.stop(never);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function blocks(): Promise<NativeBlock[]> {
  const projector = createProjector();
  return (await batches()).flatMap(
    (value) => projector.project(decodeFlowBatch(value)).flows ?? [],
  );
}

async function native() {
  const made = await blocks();
  return withStore(async (store) => {
    const before = process.cpuUsage();
    const started = performance.now();
    let rows = 0;
    let bytes = 0;
    for (const [i, block] of made.entries()) {
      await store.insert(block, { token: `floor:${i}` });
      rows += block.rows;
      bytes += block.bytes.length;
    }
    return measured(rows, bytes, before, started);
  });
}

async function json() {
  const made = await blocks();
  return withStore(async (store, directory) => {
    let rows = 0;
    for (const [i, block] of made.entries()) {
      await store.insert(block, { token: `json:${i}` });
      rows += block.rows;
    }
    const file = join(directory, 'rows.jsonl');
    await store.command(`SELECT * FROM flows INTO OUTFILE '${file}' FORMAT JSONEachRow`);
    await store.command('CREATE TABLE again AS flows');
    const before = process.cpuUsage();
    const started = performance.now();
    await store.command(`INSERT INTO again FROM INFILE '${file}' FORMAT JSONEachRow`);
    return measured(rows, statSync(file).size, before, started);
  });
}

async function receive(http2: boolean) {
  const address = process.env.RELAY ?? '';
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const path = '/observer.Observer/GetFlows';
  const request = Buffer.from([0x18, 1]);
  const before = process.cpuUsage();
  const started = performance.now();
  let rows = 0;
  let bytes = 0;
  if (http2) {
    const target = {
      host: '127.0.0.1',
      port,
      tls: undefined,
      windowBytes: 4 << 20,
      userAgent: 'b',
    };
    const to = await GrpcConnection.open(target, 5000, never);
    await new Promise<void>((resolve) => {
      to.stream(path, request, (chunk) => {
        bytes += chunk.length;
        if (bytes >= flows * 970) resolve();
      });
    });
    rows = Math.round(bytes / 970);
    const result = measured(rows, bytes, before, started);
    to.destroy();
    return result;
  }
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc-node.flow_control_window': 4 << 20,
    'grpc.max_receive_message_length': -1,
  });
  const same = (value: Buffer) => value;
  const call = client.makeServerStreamRequest(path, same, same, request);
  call.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    call.on('data', (message: Buffer) => {
      rows++;
      bytes += message.length;
      if (rows >= flows) resolve();
    });
  });
  const result = measured(rows, bytes, before, started);
  client.close();
  return result;
}

const ways = { native, json, receive: () => receive(false), 'receive-http2': () => receive(true) };
const way = ways[what as keyof typeof ways];
if (way === undefined) {
  console.error(`no floor called ${what}; there are: ${Object.keys(ways).join(', ')}`);
  process.exit(1);
}
writeFileSync(1, `${JSON.stringify(await way())}\n`);
process.exit(0);
