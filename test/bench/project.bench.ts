// What the writer's hot path costs: wire bytes of made flows to a Native block, by step. Run it with
// `npx tsx test/bench/project.bench.ts [flows a batch] [seconds] [step]`; figures are CPU time of the
// process over all batches, and the best batch's wall time, which is nearer to the truth on a busy machine.
import { randomUUID } from 'node:crypto';
import { createProjector } from '../../src/enrich/project/projector.ts';
import { decodeFlowBatch, FlowBatchBuilder } from '../../src/hubble/proto/batch.ts';
import { decode, encode } from '../../src/hubble/proto/codec.ts';
import { type Endpoint, type Flow, GetFlowsResponse } from '../../src/hubble/proto/schema.gen.ts';

const ENDPOINTS = 240;
const NODES = 6;
const CALLED = 4;

function endpoint(i: number): Endpoint {
  const namespace = `namespace-${i % 17}`;
  const app = `service-${i % 40}`;
  return {
    ID: 100 + i,
    identity: 0x50000 + i,
    cluster_name: 'liz-cm-gke-5',
    namespace,
    labels: [
      `k8s:app=${app}`,
      `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
      'k8s:io.cilium.k8s.policy.cluster=liz-cm-gke-5',
      `k8s:io.cilium.k8s.policy.serviceaccount=${app}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ],
    pod_name: `${app}-5c9f7d6b5d-${(i * 7919).toString(36).padStart(5, 'x')}`,
    workloads: [{ name: app, kind: 'Deployment' }],
  };
}

const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => endpoint(i));
const address = (i: number) => `10.5.${i % 8}.${1 + (i % 240)}`;

function flow(i: number): Flow {
  const source = Math.floor(Math.random() * ENDPOINTS);
  // Each calls a few others, as pods do.
  const destination = (source * 7 + Math.floor(Math.random() * CALLED)) % ENDPOINTS;
  // Replies go the other way: their source port is the server's.
  const reply = i % 2 === 0;
  const client = 32_768 + Math.floor(Math.random() * 28_000);
  const server = 8000 + ((reply ? source : destination) % 20);
  const node = `liz-cm-gke-5/gke-liz-cm-gke-5-default-pool-1a2b3c4d-${i % NODES}`;
  return {
    time: { seconds: 1_773_500_000n + BigInt(i >> 12), nanos: (i * 244_140) % 1_000_000_000 },
    uuid: randomUUID(),
    emitter: { name: 'Hubble', version: '1.19.4' },
    verdict: i % 50 === 0 ? 2 : 1,
    drop_reason_desc: i % 50 === 0 ? 133 : 0,
    ethernet: {
      source: `d2:d0:83:1f:29:${source.toString(16).padStart(2, '0')}`,
      destination: '42:c2:ec:8f:0f:94',
    },
    IP: { source: address(source), destination: address(destination), ipVersion: 1 },
    l4: {
      TCP: {
        source_port: reply ? server : client,
        destination_port: reply ? client : server,
        flags: { ACK: true, PSH: i % 2 === 0 },
      },
    },
    source: endpoints[source],
    destination: endpoints[destination],
    Type: 1,
    node_name: node,
    node_labels: ['kubernetes.io/arch=amd64', 'kubernetes.io/os=linux'],
    event_type: { type: 4, sub_type: 3 },
    traffic_direction: 1 + (i % 2),
    trace_observation_point: 101,
    trace_reason: 2,
    is_reply: reply,
    interface: { index: 12, name: 'lxc0a1b2c3d4e5f' },
    Summary: 'TCP Flags: ACK, PSH',
  };
}

function batchOf(count: number) {
  const builder = new FlowBatchBuilder(count * 1024);
  for (let i = 0; i < count; i++) {
    const made = flow(i);
    const response = { flow: made, node_name: made.node_name, time: made.time };
    builder.add(encode(GetFlowsResponse, response));
  }
  const header = { cluster: 'gke', relay: 'gke', collector: 'c', sequence: 0, receivedAt: 0n };
  return builder.seal({ ...header, replay: false });
}

const count = Number(process.argv[2] ?? 10_000);
const seconds = Number(process.argv[3] ?? 3);
const only = process.argv[4] ?? '';
const sealed = Array.from({ length: 4 }, () => batchOf(count));
const batches = sealed.map(decodeFlowBatch);
const bytesPerFlow = (sealed[0]?.length ?? 0) / count;

function measure(step: string, run: (i: number) => void): void {
  if (!step.startsWith(only)) return;
  for (let i = 0; i < 12; i++) run(i % batches.length);
  const start = process.cpuUsage();
  const until = Date.now() + seconds * 1000;
  let runs = 0;
  let best = Number.POSITIVE_INFINITY;
  while (Date.now() < until) {
    const began = process.hrtime.bigint();
    run(runs++ % batches.length);
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1000 / count);
  }
  const { user, system } = process.cpuUsage(start);
  const mean = (user + system) / (runs * count);
  console.log(`${step.padEnd(32)} ${mean.toFixed(3)} µs a flow, best batch ${best.toFixed(3)}`);
}

const projector = createProjector();
const first = projector.project(decodeFlowBatch(batchOf(count)));
console.log(
  `${count} flows a batch of ${bytesPerFlow.toFixed(0)} bytes each, ${ENDPOINTS} endpoints`,
);
console.log(
  `Native block: ${((first.flows?.bytes.length ?? 0) / count).toFixed(1)} bytes a row, ${first.flows?.columns.length} columns, raw kept for ${first.counts.raw}`,
);
const derived = first.derived.blocks.map(
  ({ table, rows, bytes }) =>
    `${rows} rows of ${table} (${(bytes.length / count).toFixed(1)} bytes a flow)`,
);
console.log(`beside it: ${derived.join(', ')}`);
measure('batch index (decodeFlowBatch)', (i) => {
  decodeFlowBatch(sealed[i] ?? Buffer.alloc(0));
});
measure('identify', (i) => {
  const batch = batches[i];
  if (batch) projector.identify(batch);
});
measure('project + encode', (i) => {
  const batch = batches[i];
  if (batch) projector.project(batch);
});
measure('for comparison: full decode', (i) => {
  const batch = batches[i];
  if (!batch) return;
  for (let at = 0; at < count; at++) {
    decode(GetFlowsResponse, batch.bytes.subarray(batch.starts[at], batch.ends[at]));
  }
});
