// The doctor in front of relays and stores that are broken in one way each.

import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { loadParallaxConfig } from '../../../../src/app/config.ts';
import { type DoctorOptions, examine } from '../../../../src/app/doctor/run.ts';
import { ApiClient } from '../../../../src/cli/client/client.ts';
import { httpTransport } from '../../../../src/cli/client/transport.ts';
import { type Node, NodeState } from '../../../../src/hubble/proto/schema.gen.ts';
import type { Finding } from '../../../../src/query/doctor/finding.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { HOUR_NS } from '../../../../src/runtime/time.ts';
import { createStore } from '../../../../src/store/open.ts';
import { makeCertificates } from '../../../support/ingest/certificates.ts';
import { type FakeRelayOptions, fakeRelay } from '../../../support/ingest/fake-relay.ts';

const logger = pino({ level: 'silent' });
const signal = new AbortController().signal;
const certificates = makeCertificates();
const directory = mkdtempSync(join(tmpdir(), 'parallax-doctor-'));
const path = join(directory, 'data');

beforeAll(async () => {
  const { value } = loadParallaxConfig({ set: [`store.chdb.path=${path}`], env: {} });
  const deps = { logger, registry: new Registry(), clock: systemClock };
  const store = createStore({ ...deps, config: value.store });
  await store.start(signal);
  await store.migrate();
  await store.stop(AbortSignal.timeout(5000));
});
afterAll(() => {
  certificates.remove();
  rmSync(directory, { recursive: true, force: true });
});

async function relayWith(options: Partial<FakeRelayOptions> = {}) {
  const relay = await fakeRelay({ flows: () => undefined, ...options });
  onTestFinished(() => relay.close());
  return relay;
}

async function findings(
  clusters: readonly object[],
  options: Partial<DoctorOptions> = {},
  set: readonly string[] = [],
): Promise<Finding[]> {
  const settings = [`store.chdb.path=${path}`, `clusters=${JSON.stringify(clusters)}`, ...set];
  const { value } = loadParallaxConfig({ set: settings, env: {} });
  const deps = { logger, registry: new Registry(), clock: systemClock };
  const ask: DoctorOptions['ask'] = (server, path, signal) =>
    new ApiClient(httpTransport(server, undefined), signal).json(path);
  const all = { server: undefined, ask, window: 600_000, between: 200, ...options };
  return examine(value, deps, all, signal);
}

/** Without what the empty store says of clusters that send nothing. */
const wrong = (list: readonly Finding[]) =>
  list
    .filter(({ severity, check }) => severity !== 'ok' && check !== 'flows-arrive')
    .map(({ check, cluster, what }) => `${check} [${cluster ?? ''}] ${what}`);

const node = (name: string, more: Node = {}): Node => ({
  name,
  state: NodeState.numbers.NODE_CONNECTED,
  version: 'cilium v1.19.4',
  seen_flows: 100n,
  num_flows: 100n,
  max_flows: 4095n,
  uptime_ns: HOUR_NS,
  ...more,
});

describe('relays', () => {
  test('one that is well', async () => {
    const relay = await relayWith();
    relay.nodes = [node('east/n1'), node('east/n2')];
    const list = await findings([{ name: 'east', relay: relay.address }]);
    expect(wrong(list)).toEqual([]);
    expect(list.map(({ check }) => check)).toContain('relay-answers');
  });

  test('nobody there', async () => {
    const relay = await relayWith();
    await relay.close();
    const list = await findings([{ name: 'east', relay: relay.address }]);
    expect(wrong(list)).toEqual(['relay-answers [east] the relay does not answer']);
    expect(list.find(({ check }) => check === 'relay-answers')?.evidence).toContain(
      'connection refused',
    );
  });

  test('nodes that are not connected, and one that sees nothing', async () => {
    const relay = await relayWith();
    const { NODE_UNAVAILABLE } = NodeState.numbers;
    relay.nodes = [
      node('n1'),
      node('n2', { state: NODE_UNAVAILABLE }),
      node('n3', { seen_flows: 0n }),
    ];
    expect(wrong(await findings([{ name: 'east', relay: relay.address }]))).toEqual([
      'nodes-connected [east] the relay is not connected to 1 of 3 nodes',
      'nodes-silent [east] 1 nodes have not seen one flow since they started',
    ]);
  });

  test('nodes of another cluster that has a relay of its own', async () => {
    const relay = await relayWith();
    relay.nodes = [node('east/n1'), node('west/n1')];
    const west = await relayWith();
    west.nodes = [node('west/n1')];
    const list = await findings([
      { name: 'east', relay: relay.address },
      { name: 'west', relay: west.address },
    ]);
    expect(wrong(list)).toEqual([
      'relay-serves-mesh [east] the relay serves nodes of clusters that have a relay of their own here',
    ]);
    const filtered = await findings([
      { name: 'east', relay: relay.address, nodes: ['east/'] },
      { name: 'west', relay: west.address },
    ]);
    expect(wrong(filtered)).toEqual([]);
  });

  test('minor versions that differ', async () => {
    const relay = await relayWith();
    relay.nodes = [node('n1'), node('n2', { version: 'cilium v1.17.9' })];
    expect(wrong(await findings([{ name: 'east', relay: relay.address }]))).toEqual([
      'versions [east] nodes run different minor versions of Cilium',
    ]);
  });

  test('a ring too small for the rate that is measured', async () => {
    const relay = await relayWith();
    relay.nodes = [node('n1')];
    const looking = findings([{ name: 'east', relay: relay.address }], { between: 1000 });
    await expect.poll(() => relay.connections).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    relay.nodes = [node('n1', { seen_flows: 1100n })];
    const list = await looking;
    expect(wrong(list)).toEqual([
      'ring-size [east] the rings of 1 of 1 nodes overwrite flows before a restarted collector is back',
    ]);
    expect(list.find(({ check }) => check === 'ring-size')?.cure).toContain(
      'hubble.eventBufferCapacity to 32767',
    );
  });
});

describe('certificates', () => {
  const pem = (name: string) => ({
    cert: certificates.read(`${name}.pem`),
    key: certificates.read(`${name}.key`),
  });
  const tls = { ca: certificates.file('ca.pem'), serverName: 'relay.test' };

  test('one that has expired', async () => {
    const relay = await relayWith({ tls: pem('expired') });
    const list = await findings([{ name: 'east', relay: `tls://${relay.address}`, tls }]);
    expect(wrong(list)).toContain('certificates [east] the relay’s certificate has expired');
    expect(wrong(list)).toContain('relay-answers [east] the relay does not answer');
  });

  test('some that will soon, and one that is not checked', async () => {
    const relay = await relayWith({ tls: pem('relay') });
    relay.nodes = [node('n1')];
    const insecure = { ...tls, insecureSkipVerify: true };
    const list = await findings([{ name: 'east', relay: `tls://${relay.address}`, tls: insecure }]);
    expect(wrong(list)).toEqual([
      expect.stringMatching(/^certificates \[east\] the relay’s certificate expires in [12] days$/),
      expect.stringMatching(/^certificates \[east\] the authority of tls.ca expires in [12] days$/),
      'certificates [east] the relay’s certificate is not checked',
    ]);
  });
});

describe('store and bus', () => {
  test('no flows, no data directory, no tables, no server', async () => {
    const relay = await relayWith();
    const clusters = [{ name: 'east', relay: relay.address }];
    const checks = (list: readonly Finding[]) =>
      list.filter(({ severity }) => severity === 'problem').map(({ check }) => check);
    expect(checks(await findings(clusters))).toEqual(['flows-arrive']);
    const nowhere = [`store.chdb.path=${join(directory, 'nowhere')}`];
    expect(checks(await findings(clusters, {}, nowhere))).toEqual(['store-answers']);
    const gone = { server: `http://${relay.address}` };
    expect(checks(await findings(clusters, gone))).toEqual(['store-answers']);
  });

  test('a server says what it finds in its store; one of another kind does not', async () => {
    const found = {
      check: 'flows-arrive',
      severity: 'warning',
      cluster: 'east',
      what: 'no flows came',
      evidence: '0 rows',
      cure: 'look',
    };
    let body: unknown = { findings: [found], cost: {} };
    let asked: string | undefined;
    const server = http.createServer((request, response) => {
      asked = request.url;
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const options = { server: `http://127.0.0.1:${port}` };
    expect(await findings([], options)).toContainEqual(found);
    expect(asked).toBe('/api/v1/doctor?window=600000');
    body = { findings: 'none' };
    const [wrongly] = (await findings([], options)).filter(
      ({ check }) => check === 'store-answers',
    );
    expect(wrongly?.evidence).toContain(
      'to /api/v1/doctor?window=600000; check the address and the version',
    );
  });

  test('no Kafka', async () => {
    const relay = await relayWith();
    await relay.close();
    const kafka = ['bus.kind=kafka', `bus.kafka.brokers=["${relay.address}"]`];
    const list = await findings([], {}, [...kafka, 'bus.kafka.retryInitial=10ms']);
    expect(wrong(list)).toEqual([
      'bus-answers [] Kafka is unreachable or a topic is misconfigured',
      'clusters [] no clusters are configured',
    ]);
  });
});
