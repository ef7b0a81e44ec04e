// The server around the calls: health, versions, limits, certificates, what it says of itself, and how it ends.

import { credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readTokens } from '../../../../src/api/auth.ts';
import { apiConfig } from '../../../../src/api/config.ts';
import { grpcAddress } from '../../../../src/api/grpc/config.ts';
import { authConfig } from '../../../../src/api/http/config.ts';
import { GetFlowsRequest, type GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { Health, Observer, Peer } from '../../../../src/hubble/proto/services.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { DAY_NS, msToNs, SECOND_NS } from '../../../../src/runtime/time.ts';
import { encodeRows } from '../../../../src/store/native/native-rows.ts';
import { CLUSTER_FACT_COLUMNS } from '../../../../src/store/schema/columns-enriched.ts';
import { ask, FlowsCall, flowsOf, poll, serving } from '../../../support/api/grpc-server.ts';
import { type Certificates, makeCertificates } from '../../../support/ingest/certificates.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const now = msToNs(Date.now());
const ago = (seconds: number) => fromNanos(now - BigInt(seconds) * SECOND_NS);

function flow(id: number, seconds: number, more: GetFlowsResponse['flow'] = {}): GetFlowsResponse {
  const uuid = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
  const time = ago(seconds);
  return { flow: { time, uuid, verdict: 1, node_name: 'eks/node-1', ...more }, time };
}

const said = (state: number, names: string[], seconds: number): GetFlowsResponse => ({
  node_status: { state_change: state, node_names: names },
  time: ago(seconds),
});

let stored: StoredCorpus;
let certificates: Certificates;
beforeAll(async () => {
  certificates = makeCertificates();
  stored = await storedCorpus();
  await stored.insert([
    ...Array.from({ length: 30 }, (_, i) => flow(i, 10 + i)),
    flow(50, 20, { node_name: 'node-2', emitter: { name: 'Hubble', version: '1.19.4' } }),
    flow(51, 1800, { node_name: 'eks/quiet' }),
    flow(52, 1800, { node_name: 'eks/away' }),
    flow(53, 15, { source: { namespace: 'shop' }, destination: { namespace: 'db' } }),
    flow(54, 9000, { source: { namespace: 'forgotten' } }),
    said(1, ['eks/node-1', 'eks/silent'], 2000),
    said(2, ['eks/away', 'eks/node-1'], 1000),
    said(3, ['eks/gone'], 1000),
  ]);
});
afterAll(async () => {
  certificates.remove();
  await stored.close();
});

test('health, for the services that clients ask about', async () => {
  const { client, report } = await serving(stored.store);
  const own = client();
  for (const service of ['', 'hubble.server.Observer', 'observer.Observer'])
    expect((await ask(own, Health.Check, { service })).response).toEqual({ status: 1 });
  await expect(ask(own, Health.Check, { service: 'nobody' })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
  const told: (number | undefined)[] = [];
  const { path, requestSerialize, responseDeserialize } = Health.Watch;
  const watch = own.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
  watch.on('data', (response) => told.push(response.status)).on('error', () => {});
  onTestFinished(() => watch.cancel());
  await poll(() => told).toEqual([1]);
  report.state = 'failed';
  await poll(() => told, { timeout: 5000 }).toEqual([1, 2]);
  expect((await ask(own, Health.Check, {})).response).toEqual({ status: 2 });
});

test('versions are told that make no client warn', async () => {
  const { client } = await serving(stored.store);
  const { metadata } = await ask(client(), Observer.ServerStatus, {});
  const call = new FlowsCall(client(), { number: 1n });
  await call.status;
  for (const headers of [metadata, call.metadata])
    for (const name of ['hubble-server-version', 'hubble-relay-version'])
      expect(headers?.get(name)).toEqual(['0.0.1']);
});

test('status: what is stored, which nodes, how fast', async () => {
  const { client } = await serving(stored.store);
  const { response } = await ask(client(), Observer.ServerStatus, {});
  expect(response).toMatchObject({
    num_flows: 35n,
    max_flows: 35n,
    seen_flows: 35n,
    num_connected_nodes: 2,
    num_unavailable_nodes: 1,
    unavailable_nodes: ['eks/away'],
    version: 'parallax v1.2.3',
  });
  // 32 flows of the last minute, all of them older than five seconds.
  expect(response.flows_rate).toBeCloseTo(32 / 60, 1);
  // Hubble UI and older clients divide: since the oldest flow came, which was with this test.
  expect(response.uptime_ns).toBeGreaterThan(0n);
  expect(response.uptime_ns).toBeLessThan(msToNs(Date.now()) - now);
});

test('nodes, as flows and relays tell of them', async () => {
  const { client } = await serving(stored.store);
  const { response } = await ask(client(), Observer.GetNodes, {});
  const nodes = response.nodes?.map(({ name, state, num_flows, version }) => ({
    ...{ name, state, num_flows, version },
  }));
  const silent = { num_flows: undefined, version: undefined };
  expect(nodes).toEqual([
    { name: 'eks/away', state: 2, num_flows: 1n, version: undefined },
    // Reported as away, but flows came since.
    { name: 'eks/node-1', state: 1, num_flows: 31n, version: undefined },
    // Neither says anything of late.
    { name: 'eks/quiet', state: undefined, num_flows: 1n, version: undefined },
    { name: 'eks/silent', state: undefined, ...silent },
    { name: 'test/node-2', state: 1, num_flows: 1n, version: '1.19.4' },
  ]);
});

test('namespaces of both ends lately, and those that Kubernetes was last told to have', async () => {
  const minutesAgo = (minutes: number) => BigInt(Date.now() - minutes * 60_000);
  const facts = [
    { cluster: 'eks', value: 'quiet', first_seen: minutesAgo(500), last_seen: minutesAgo(30) },
    { cluster: 'eks', value: 'deleted', first_seen: minutesAgo(500), last_seen: minutesAgo(40) },
    { cluster: 'test', value: 'shop', first_seen: minutesAgo(50), last_seen: minutesAgo(50) },
    { cluster: 'unread', value: 'old', first_seen: minutesAgo(500), last_seen: minutesAgo(130) },
  ].map((fact) => ({
    ...{ ...fact, kind: 'namespace', origin: 'kubernetes', received_at: fact.last_seen },
  }));
  await stored.store.insert(encodeRows('cluster_facts', CLUSTER_FACT_COLUMNS, facts), {
    token: 'namespaces',
  });
  const { client } = await serving(stored.store);
  const { response } = await ask(client(), Observer.GetNamespaces, {});
  expect(response.namespaces).toEqual([
    { cluster: 'eks', namespace: 'quiet' },
    { cluster: 'test', namespace: 'db' },
    { cluster: 'test', namespace: 'shop' },
  ]);
});

test('peers: all at first', async () => {
  const { client } = await serving(stored.store);
  const { path, requestSerialize, responseDeserialize } = Peer.Notify;
  const watch = client().makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
  onTestFinished(() => watch.cancel());
  const names: string[] = [];
  watch.on('data', ({ name, type }) => names.push(`${type} ${name}`)).on('error', () => {});
  await poll(() => names).toEqual(
    ['eks/away', 'eks/node-1', 'eks/quiet', 'eks/silent', 'test/node-2'].map((n) => `1 ${n}`),
  );
});

test('what relays do not answer is not answered here either', async () => {
  const { client } = await serving(stored.store);
  for (const { path } of [Observer.GetAgentEvents, Observer.GetDebugEvents]) {
    const call = client().makeServerStreamRequest(
      path,
      () => Buffer.alloc(0),
      (bytes) => bytes,
      {},
    );
    call.on('data', () => {}).on('error', () => {});
    const ended = await new Promise<{ code: number }>((resolve) => call.on('status', resolve));
    expect(ended.code).toBe(status.UNIMPLEMENTED);
  }
});

test('as many streams at once as allowed; one that leaves makes room', async () => {
  const { client, metric } = await serving(stored.store, { grpc: { maxStreams: 1 } });
  const held = new FlowsCall(client(), { follow: true });
  await poll(() => metric('parallax_grpc_streams')).toBe(1);
  const refused = await flowsOf(client(), { number: 1n });
  expect(refused).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('the limit of api.grpc.maxStreams'),
  });
  held.call.cancel();
  await poll(() => metric('parallax_grpc_streams')).toBe(0);
  expect((await flowsOf(client(), { number: 1n })).code).toBe(status.OK);
  expect(await metric('parallax_grpc_errors_total', { code: 'query/busy' })).toBe(1);
});

test('a request that is too large is refused', async () => {
  const { client } = await serving(stored.store, { grpc: { maxRequest: '1KiB' } });
  const large = GetFlowsRequest.create();
  large.whitelist = [{ source_pod: ['x'.repeat(2000)] }];
  expect((await flowsOf(client(), large)).code).toBe(status.RESOURCE_EXHAUSTED);
});

function tlsClient(ca: string, client?: string) {
  const read = (name: string) => Buffer.from(certificates.read(name));
  const own = client === undefined ? [] : [read(`${client}.key`), read(`${client}.pem`)];
  return credentials.createSsl(read(`${ca}.pem`), ...own);
}
const named = { 'grpc.ssl_target_name_override': 'relay.test' };
const tls = () => ({ cert: certificates.file('relay.pem'), key: certificates.file('relay.key') });

test('tls, with a certificate that the client trusts', async () => {
  const { client } = await serving(stored.store, { grpc: { tls: tls() } });
  const trusting = client(tlsClient('ca'), named);
  expect((await flowsOf(trusting, { number: 1n })).code).toBe(status.OK);
  expect((await flowsOf(client(tlsClient('other'), named), {})).code).toBe(status.UNAVAILABLE);
});

test('mtls: only clients whose certificate the authority signed', async () => {
  const secured = { tls: { ...tls(), clientCa: certificates.file('ca.pem') } };
  const { client } = await serving(stored.store, { grpc: secured });
  expect((await flowsOf(client(tlsClient('ca', 'client'), named), { number: 1n })).code).toBe(
    status.OK,
  );
  for (const other of [undefined, 'stranger'])
    expect((await flowsOf(client(tlsClient('ca', other), named), {})).code).toBe(
      status.UNAVAILABLE,
    );
});

test('a token, as bearer or as the password that hubble can send', async () => {
  const token = 'a-token-of-the-tests';
  const tokens = readTokens(authConfig.parse({ tokens: [{ name: 'ci', token }] }));
  const { client } = await serving(stored.store, { tokens });
  const own = client();
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const asked = async (authorization: string | undefined) => {
    const metadata = new Metadata();
    if (authorization !== undefined) metadata.set('authorization', authorization);
    const call = new FlowsCall(own, { number: 1n }, metadata);
    const { code, details } = await call.status;
    if (authorization === undefined) expect(details).toContain('--basic-auth-password TOKEN');
    return code;
  };
  for (const known of [`Bearer ${token}`, basic(`hubble:${token}`), basic(`:${token}`)])
    expect(await asked(known)).toBe(status.OK);
  const other = ['Bearer other', basic(`${token}:x`), basic(`a:b:${token}`), basic(''), 'Basic %'];
  for (const unknown of [undefined, ...other])
    expect(await asked(unknown)).toBe(status.UNAUTHENTICATED);
});

test('files that are no certificates are refused at the start', async () => {
  const bad = { tls: { ...tls(), key: certificates.file('client.key') } };
  await expect(serving(stored.store, { grpc: bad })).rejects.toThrow(/^api\.grpc\.tls: .*belong/);
});

test('an address that is taken is refused with its name', async () => {
  const { address } = await serving(stored.store);
  await expect(serving(stored.store, { grpc: { listen: address } })).rejects.toMatchObject({
    code: 'config/invalid',
    message: expect.stringContaining(`cannot listen on ${address}`),
  });
});

test('beyond loopback only with client certificates, or when it is said', () => {
  const refused = (grpc: object, auth = {}) =>
    apiConfig.safeParse({ grpc, auth }).error?.issues[0]?.message;
  expect(refused({ listen: '0.0.0.0:4281' })).toContain('set tls.clientCa');
  expect(refused({ listen: ':4281', tls: { cert: 'a', key: 'b' } })).toContain('set tls.clientCa');
  expect(refused({ listen: '0.0.0.0:1', tls: { cert: 'a', key: 'b', clientCa: 'c' } })).toBe(
    undefined,
  );
  expect(refused({ listen: '[::]:4281', allowUnauthenticated: true })).toBe(undefined);
  expect(refused({ listen: '[::]:4281' }, { token: 'x'.repeat(32) })).toBe(undefined);
  for (const listen of ['127.0.0.1:1', 'localhost:1', '[::1]:1', '127.9.9.9:1'])
    expect(refused({ listen })).toBe(undefined);
});

test('left out, it listens on the port after that of the HTTP API', () => {
  expect(grpcAddress({}, '0.0.0.0:4280')).toBe('127.0.0.1:4281');
  expect(grpcAddress({}, '[::1]:0')).toBe('127.0.0.1:0');
  expect(grpcAddress({ listen: '[::1]:9' }, '127.0.0.1:4280')).toBe('[::1]:9');
});

test('streams are told that the server stops', async () => {
  const { api, client, metric } = await serving(stored.store);
  const call = new FlowsCall(client(), { follow: true });
  await poll(() => metric('parallax_grpc_streams')).toBe(1);
  // A limit that never comes: the server ends without it.
  await api.stop(new AbortController().signal);
  expect(await call.status).toMatchObject({
    code: status.UNAVAILABLE,
    details: 'the server is stopping',
  });
  expect(api.health().state).toBe('failed');
});

test('uptime reaches as far back as what was seen', async () => {
  const day = DAY_NS;
  await stored.insert([flow(90, 30)], { receivedAt: now - 2n * day });
  const { client } = await serving(stored.store);
  const { response } = await ask(client(), Observer.ServerStatus, {});
  expect(response.uptime_ns).toBeGreaterThanOrEqual(2n * day);
  expect(response.uptime_ns).toBeLessThan(3n * day);
});
