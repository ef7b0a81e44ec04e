import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { clusterConfig, collectorConfig } from '../../../../src/ingest/config.ts';
import { RelayClient } from '../../../../src/ingest/relay/relay-client.ts';
import { RelayError } from '../../../../src/ingest/relay/relay-errors.ts';
import { makeCertificates } from '../../../support/ingest/certificates.ts';
import { type FakeRelayOptions, fakeRelay } from '../../../support/ingest/fake-relay.ts';
import { startCollector, until } from '../../../support/ingest/harness.ts';
import { flowResponse, framed } from '../../../support/ingest/responses.ts';

const certificates = makeCertificates();
afterAll(() => certificates.remove());
const pem = (name: string) => ({
  cert: certificates.read(`${name}.pem`),
  key: certificates.read(`${name}.key`),
});
const ca = certificates.file('ca.pem');
const serverName = 'relay.test';

async function relayWith(options: Partial<FakeRelayOptions> = {}) {
  const relay = await fakeRelay({ flows: () => undefined, ...options });
  onTestFinished(() => relay.close());
  return relay;
}

function clientOf(relay: string, tls?: object, config: object = {}) {
  return new RelayClient({
    cluster: clusterConfig.parse({ name: 'east', relay, ...(tls && { tls }) }),
    config: collectorConfig.parse({ connectTimeout: '2s', ...config }),
  });
}

/** Connects, opens a stream and asks for the status; the error of whichever fails first. */
async function failure(relay: string, tls?: object, config?: object): Promise<RelayError> {
  try {
    const connection = await clientOf(relay, tls, config).connect(new AbortController().signal);
    onTestFinished(() => connection.destroy());
    await connection.serverStatus();
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
  throw new Error('it worked');
}

test('flows arrive over TLS and over mTLS', async () => {
  const response = flowResponse({ timeNs: 1n, node: 'n', uuid: 'u' });
  const plain = await relayWith({ tls: pem('relay'), flows: (call) => call.send(response) });
  const tls = { ca, serverName };
  const first = await startCollector({ name: 'east', relay: `tls://${plain.address}`, tls });
  await until(() => first.publisher.responses().length === 1);
  const mutual = await relayWith({
    tls: { ...pem('relay'), ca: certificates.read('ca.pem') },
    flows: (call) => call.send(response),
  });
  const pair = { cert: certificates.file('client.pem'), key: certificates.file('client.key') };
  const second = await startCollector({
    name: 'west',
    relay: mutual.address,
    tls: { ...tls, ...pair },
  });
  await until(() => second.publisher.responses().length === 1);
  expect(second.publisher.responses()[0]).toEqual(response);
});

test('insecureSkipVerify takes any certificate and warns', async () => {
  const relay = await relayWith({ tls: pem('relay') });
  const { log, collector } = await startCollector({
    name: 'east',
    relay: relay.address,
    tls: { insecureSkipVerify: true },
  });
  await until(() => collector.health().state === 'ok');
  expect(log[0]).toMatchObject({ level: 40, msg: expect.stringContaining('insecureSkipVerify') });
});

test.each([
  ['an unknown authority', 'relay', { serverName }, 'set tls.ca'],
  ['another authority', 'relay', { serverName, ca: certificates.file('other.pem') }, 'set tls.ca'],
  [
    'another name',
    'relay',
    { ca, serverName: 'other.test' },
    'not for the name “other.test”; set tls.serverName',
  ],
  ['an address for a name', 'relay', { ca }, 'not for the name “127.0.0.1”; set tls.serverName'],
  ['an expired certificate', 'expired', { ca, serverName }, 'has expired; renew the relay’s'],
])('a certificate that does not hold is named with its cure: %s', async (_, name, tls, says) => {
  const relay = await relayWith({ tls: pem(name) });
  const error = await failure(relay.address, tls);
  expect(error.message).toContain(`relay ${relay.address} of cluster east: `);
  expect(error.message).toContain(says);
  expect(error).toMatchObject({ code: 'relay/tls', reason: 'tls' });
});

test.each([
  ['no client certificate', {}, 'the relay asks for a client certificate; set tls.cert'],
  [
    'one of another authority',
    { cert: certificates.file('stranger.pem'), key: certificates.file('stranger.key') },
    'refuse the client certificate',
  ],
  [
    'a key that is not its own',
    { cert: certificates.file('client.pem'), key: certificates.file('other.key') },
    'tls.key is not the key of tls.cert',
  ],
  ['a missing file', { cert: '/nowhere.pem', key: '/nowhere.key' }, 'does not exist'],
  [
    'a file without PEM',
    { cert: certificates.file('relay.ext'), key: certificates.file('client.key') },
    'no PEM',
  ],
])('mTLS with %s', async (_, pair, says) => {
  const relay = await relayWith({ tls: { ...pem('relay'), ca: certificates.read('ca.pem') } });
  const error = await failure(relay.address, { ca, serverName, ...pair });
  expect(error.message).toContain(says);
  // A server that closes without a word leaves nothing to classify by.
  expect(error.code).toBe(says.startsWith('refuse') ? 'relay/unavailable' : 'relay/tls');
});

test('TLS against plaintext, and plaintext against TLS, say so', async () => {
  const plain = await relayWith();
  expect((await failure(`tls://${plain.address}`)).message).toMatch(/does not speak TLS/);
  const secure = await relayWith({ tls: pem('relay') });
  expect((await failure(secure.address)).message).toMatch(/write the address as tls:\/\//);
});

test('nothing there, no such host, silence, and something that is no gRPC', async () => {
  const relay = await fakeRelay({ flows: () => undefined });
  await relay.close();
  expect((await failure(relay.address)).message).toContain('connection refused: nothing listens');
  expect((await failure('no-such-host.invalid:80')).message).toMatch(/host name|name server/);
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // Of a listening TCP server, always.
  const { port } = server.address() as AddressInfo;
  const silent = await failure(`127.0.0.1:${port}`, undefined, { connectTimeout: '100ms' });
  expect(silent.message).toContain('no HTTP/2 within 100 ms');
  expect(silent.reason).toBe('timeout');
  server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  expect((await failure(`127.0.0.1:${port}`)).message).toContain('does not speak plaintext HTTP/2');
});

test.each([
  [12, '', 'relay/refused', 'does not know Hubble’s Observer'],
  [7, 'no', 'relay/refused', 'permission denied: no'],
  [16, '', 'relay/refused', 'not authenticated'],
  [14, 'transport is closing', 'relay/unavailable', 'unavailable: transport is closing'],
  [8, 'grüß', 'relay/unavailable', 'gRPC status RESOURCE_EXHAUSTED: grüß'],
  [99, '', 'relay/unavailable', 'gRPC status 99'],
])('gRPC status %i', async (status, message, code, says) => {
  const relay = await relayWith({ flows: (call) => call.end(status, message) });
  const connection = await clientOf(relay.address).connect(new AbortController().signal);
  const nothing = () => undefined;
  const sink = { arrived: nothing, message: nothing, flush: nothing, oversize: nothing };
  const error = await connection.getFlows(0, sink).ended.catch((thrown: unknown) => thrown);
  connection.destroy();
  expect(error).toMatchObject({ code, message: expect.stringContaining(says) });
});

test('calls have deadlines, and answers are decoded', async () => {
  const relay = await relayWith();
  relay.nodes = [{ name: 'east/a', state: 1, seen_flows: 12n }];
  const client = clientOf(relay.address, undefined, { callTimeout: '100ms' });
  const connection = await client.connect(new AbortController().signal);
  onTestFinished(() => connection.destroy());
  expect(await connection.getNodes()).toMatchObject([{ name: 'east/a', seen_flows: 12n }]);
  expect(await connection.serverStatus()).toMatchObject({ max_flows: 4095n });
  expect(await connection.healthy()).toBe(true);
  relay.health = 2;
  expect(await connection.healthy()).toBe(false);
  relay.health = 'unimplemented';
  expect(await connection.healthy()).toBe(true);
  relay.health = 'mute';
  await expect(connection.serverStatus()).rejects.toMatchObject({ reason: 'timeout' });
});

test('status calls pass a paused stream whose window is full', async () => {
  const many = Buffer.concat(new Array(3000).fill(framed(Buffer.alloc(1000))));
  const relay = await relayWith({ flows: (call) => call.send(many.subarray(5)) });
  const client = clientOf(relay.address, undefined, { window: '256KiB', callTimeout: '2s' });
  const connection = await client.connect(new AbortController().signal);
  onTestFinished(() => connection.destroy());
  const nothing = () => undefined;
  const sink = { arrived: nothing, message: nothing, flush: nothing, oversize: nothing };
  const stream = connection.getFlows(0, sink);
  stream.pause();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await connection.healthy()).toBe(true);
});

test('connecting is given up when asked', async () => {
  const abort = new AbortController();
  const connecting = clientOf('192.0.2.1:4245').connect(abort.signal);
  abort.abort();
  await expect(connecting).rejects.toThrow('given up');
});
