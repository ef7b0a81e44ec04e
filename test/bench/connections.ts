// What connections cost: storing flows with and without a table of partial connections beside them, and asking for
// connections, an explanation and services over what is stored. `tsx test/bench/connections.ts [flows] [queries]`; with
// `queries` the comparison of storing is left out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { createProjector } from '../../src/enrich/project/projector.ts';
import { decodeFlowBatch, FlowBatchBuilder } from '../../src/hubble/proto/batch.ts';
import { connectionsConfig } from '../../src/query/connections/config.ts';
import { CONVERSATION } from '../../src/query/connections/keys.ts';
import { queryConnections } from '../../src/query/connections/query.ts';
import { explainStored } from '../../src/query/explain/find.ts';
import { queryServices } from '../../src/query/services/services.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { MINUTE_NS, msToNs, SECOND_NS } from '../../src/runtime/time.ts';
import { loadCluster, makeScripts } from '../../src/simulate/population.ts';
import { seededRandom } from '../../src/simulate/random.ts';
import {
  FIRST_PORT,
  formOf,
  PORTS,
  SMALLEST_NANOS,
  writeFlow,
} from '../../src/simulate/template.ts';
import { storeConfig } from '../../src/store/config.ts';
import { createStore } from '../../src/store/open.ts';

const flows = Number(process.argv[2] ?? 2_000_000);
const BATCH = 48_000;
/** Flows a second of the time that the flows tell. */
const RATE = 10_000;
const START = 1_790_000_000;
const FRAME = 5;
const SETTLE_MS = 15_000;

/** The table that a stitching writer would fill: one row a batch, conversation and observing cluster. */
const PARTIAL = [
  `CREATE TABLE partial_connections (time_slot Int32, conversation UInt64, cluster LowCardinality(String),
    first SimpleAggregateFunction(min, DateTime64(9, 'UTC')), last SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    flows SimpleAggregateFunction(sum, UInt64), dropped SimpleAggregateFunction(sum, UInt64),
    traces SimpleAggregateFunction(sum, UInt64), verdicts SimpleAggregateFunction(sum, UInt64),
    requests SimpleAggregateFunction(sum, UInt64), responses SimpleAggregateFunction(sum, UInt64),
    ip_source SimpleAggregateFunction(any, String), ip_destination SimpleAggregateFunction(any, String),
    source_port SimpleAggregateFunction(any, UInt16), destination_port SimpleAggregateFunction(any, UInt16),
    source_pod SimpleAggregateFunction(max, String), destination_pod SimpleAggregateFunction(max, String),
    denied_by SimpleAggregateFunction(max, String), allowed_by SimpleAggregateFunction(max, String),
    reason SimpleAggregateFunction(max, UInt16))
    ENGINE = AggregatingMergeTree ORDER BY (time_slot, conversation, cluster)`,
  `CREATE MATERIALIZED VIEW partial_connections_mv TO partial_connections AS SELECT time_slot,
    conversation, cluster, min(time) AS first, max(time) AS last, count() AS flows,
    countIf(verdict = 2) AS dropped, countIf(event_type = 4) AS traces, countIf(event_type = 5) AS verdicts,
    countIf(l7_type = 1) AS requests, countIf(l7_type = 2) AS responses, any(a) AS ip_source, any(b) AS ip_destination,
    any(c) AS source_port, any(d) AS destination_port, max(source_pod_name) AS source_pod,
    max(destination_pod_name) AS destination_pod, max(ingress_denied_by) AS denied_by,
    max(ingress_allowed_by) AS allowed_by, max(drop_reason_desc) AS reason
    FROM (SELECT *, ${CONVERSATION} AS conversation, ip_source AS a, ip_destination AS b, source_port AS c,
      destination_port AS d FROM flows) GROUP BY time_slot, conversation, cluster`,
];

/** Sealed batches of a load as three nodes of one cluster tell it. */
function* batches(): Generator<Buffer> {
  const random = seededRandom(1, 'connections');
  const scripts = makeScripts(loadCluster(0, 3), random);
  const streams = scripts.map((own) => ({ own, script: own[0] ?? [], step: 0, port: FIRST_PORT }));
  const scratch = Buffer.alloc(1 << 16);
  const words = new Uint32Array(4);
  let sequence = 0;
  const builder = new FlowBatchBuilder();
  const seal = () =>
    builder.seal({
      cluster: 'load-1',
      relay: 'bench',
      collector: 'bench',
      sequence: sequence++,
      receivedAt: msToNs(Date.now()),
      replay: false,
    });
  for (let i = 0; i < flows; i++) {
    const stream = streams[i % streams.length];
    if (stream === undefined) continue;
    if (stream.step === stream.script.length) {
      stream.script = stream.own[random.below(stream.own.length)] ?? [];
      stream.port = FIRST_PORT + random.below(PORTS);
      stream.step = 0;
    }
    const template = stream.script[stream.step++];
    if (template === undefined) continue;
    const at = i / RATE;
    const nanos = Math.max(SMALLEST_NANOS, Math.floor((at % 1) * 1e9));
    const form = formOf(template, nanos);
    for (let word = 0; word < 4; word++) words[word] = random.bits();
    writeFlow(form, scratch, 0, START + Math.floor(at), nanos, stream.port, words);
    builder.add(scratch.subarray(FRAME, form.bytes.length));
    if (builder.count === BATCH) yield seal();
  }
  if (builder.count > 0) yield seal();
}

async function withStore<T>(
  partial: boolean,
  body: (store: ReturnType<typeof createStore>, microsPerFlow: number) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-connections-'));
  const store = createStore({
    config: storeConfig.parse({ retention: '0d', chdb: { path: join(directory, 'data') } }),
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock: systemClock,
  });
  await store.start(new AbortController().signal);
  try {
    await store.migrate();
    if (partial) for (const sql of PARTIAL) await store.command(sql);
    const projector = createProjector();
    let used = 0;
    let number = 0;
    for (const sealed of batches()) {
      const before = process.cpuUsage();
      const { flows: block } = projector.project(decodeFlowBatch(sealed));
      if (block !== undefined) await store.insert(block, { token: `bench:0:${number++}` });
      const { user, system } = process.cpuUsage(before);
      used += user + system;
    }
    return await body(store, used / flows);
  } finally {
    await store.stop(AbortSignal.timeout(10_000));
    rmSync(directory, { recursive: true, force: true });
  }
}

const config = connectionsConfig.parse({ maxConnections: 100_000, maxFlows: 5_000_000 });

/** CPU time of all threads says more than the clock where others are at work too. */
async function time(name: string, body: () => Promise<string>): Promise<void> {
  const rounds: { readonly wall: number; readonly cpu: number }[] = [];
  let said = '';
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const before = process.cpuUsage();
    said = await body();
    const { user, system } = process.cpuUsage(before);
    rounds.push({ wall: performance.now() - start, cpu: (user + system) / 1000 });
  }
  const median = (of: 'wall' | 'cpu') => rounds.map((each) => each[of]).sort((a, b) => a - b)[2];
  console.log(
    `${name}: ${said}, ${median('cpu')?.toFixed(0)} ms of CPU, ${median('wall')?.toFixed(0)} ms`,
  );
}

const end = BigInt(START) * SECOND_NS + (BigInt(flows) * SECOND_NS) / BigInt(RATE);
const anything = { whitelist: [], blacklist: [], since: undefined, until: undefined, first: false };

if (process.argv[3] !== 'queries')
  await withStore(true, async (store, micros) => {
    console.log(`stored with partial connections: ${micros.toFixed(2)} µs of CPU a flow`);
    const sql =
      'SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table';
    for await (const [table, rows, bytes] of store.query(sql, {}))
      console.log(`  ${table}: ${rows} rows, ${bytes} bytes`);
  });
await withStore(false, async (store, micros) => {
  console.log(`stored without: ${micros.toFixed(2)} µs of CPU a flow`);
  // Merges of what was just stored would be counted with the first question.
  await systemClock.sleep(SETTLE_MS);
  const ask = async (query: object) => {
    const found = await queryConnections(store, { ...anything, number: 20n, ...query }, config);
    return `${found.length} connections of ${found.reduce((sum, each) => sum + each.flows, 0)} flows`;
  };
  await time('newest 20', () => ask({}));
  await time('newest 1,000', () => ask({ number: 1000n }));
  await time('newest 10,000', () => ask({ number: 10_000n }));
  await time('newest 20 dropped', () => ask({ whitelist: [{ verdict: [2] }] }));
  await time('newest 20 of one pod', () => ask({ whitelist: [{ source_pod: ['shop/api'] }] }));
  await time('nothing matches', () => ask({ whitelist: [{ source_pod: ['none/none'] }] }));
  await time('explain, both ends', async () => {
    const { among } = await explainStored(
      store,
      { from: 'shop/', to: '/', since: undefined, until: undefined },
      config,
    );
    return `among ${among?.connections}`;
  });
  for (const minutes of [1, 10, 60]) {
    const since = end - BigInt(minutes) * MINUTE_NS;
    await time(
      `services of ${minutes} min`,
      async () => `${(await queryServices(store, { ...anything, since }, config)).length} services`,
    );
  }
});
