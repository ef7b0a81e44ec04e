// The commands about a server: the same answers over HTTP and gRPC, from Parallax and from a relay.

import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import { createHttpServer } from '../../../../src/api/http/server.ts';
import type { ServerFlags } from '../../../../src/cli/client/server-flags.ts';
import { openView } from '../../../../src/cli/overview/open-view.ts';
import { namespacesText, nodesText, PEERS } from '../../../../src/cli/overview/print.ts';
import type { ServerView } from '../../../../src/cli/overview/view.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { createOverview } from '../../../../src/query/catalogue/overview.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { HealthReport } from '../../../../src/runtime/run.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { serving } from '../../../support/api/grpc-server.ts';
import { makeCertificates } from '../../../support/ingest/certificates.ts';
import { checkDocument } from '../../../support/query/checked.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';
import { firstRelay, simulation } from '../../../support/simulate/harness.ts';

let stored: StoredCorpus;
beforeAll(async () => {
  stored = await storedCorpus();
  const time = fromNanos(msToNs(Date.now() - 10_000));
  const flow = { time, node_name: 'eks/n1', source: { namespace: 'shop' } };
  const uuid = (i: number) => `00000000-0000-4000-8000-00000000000${i}`;
  await stored.insert([1, 2, 3].map((i) => ({ flow: { ...flow, uuid: uuid(i) }, time })));
});
afterAll(() => stored.close());

async function view(flags: ServerFlags, env = {}): Promise<ServerView> {
  const over = new AbortController();
  const opened = await openView({ timeout: '5s', ...flags }, env, {
    signal: over.signal,
    nowMs: Date.now,
  });
  onTestFinished(() => {
    over.abort();
    return opened.close();
  });
  return opened;
}

let report: HealthReport = { phase: 'running', state: 'ok', components: [] };

async function httpUrl(): Promise<string> {
  const config = apiConfig.parse({ listen: '127.0.0.1:0' });
  const deps = { config, clock: systemClock, store: stored.store };
  const server = createHttpServer({
    ...deps,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    overview: createOverview({ ...deps, version: '1.2.3' }),
    check: checkDocument,
    clusters: () => [],
    health: () => report,
  });
  await server.start(new AbortController().signal);
  onTestFinished(() => server.stop(AbortSignal.timeout(1000)));
  return server.address() ?? '';
}

async function firstPeer(of: ServerView): Promise<string> {
  const over = new AbortController();
  for await (const peer of of.peers(over.signal)) {
    over.abort();
    return PEERS.line(peer);
  }
  return '';
}

test('the same over http and grpc', async () => {
  const url = await httpUrl();
  const { address } = await serving(stored.store);
  const views = [await view({ server: url }), await view({ server: `grpc://${address}` })];
  expect(views.map(({ target }) => target)).toEqual([url, address]);
  for (const each of views) {
    expect(await each.health()).toBe('Ok');
    expect(await each.status()).toMatchObject({
      num_flows: 3n,
      num_connected_nodes: 1,
      version: 'parallax v1.2.3',
    });
    expect(await nodesText(await each.nodes(), 'table')).toMatch(
      /^NAME +STATUS +AGE .*\neks\/n1 +Connected +(\d+[dhms])+ /,
    );
    expect(await namespacesText(await each.namespaces(), 'wide')).toBe(
      'NAMESPACE   CLUSTER\nshop        test\n',
    );
    expect(await firstPeer(each)).toBe('PEER_ADDED    eks/n1');
  }
});

test('the server is found by the environment and by the data directory', async () => {
  const url = await httpUrl();
  expect((await view({}, { PARALLAX_SERVER: url })).target).toBe(url);
  await stored.store.setApiAddress(url);
  expect((await view({ dataDir: stored.directory })).target).toBe(url);
  expect((await view({}, { PARALLAX_DATA_DIR: stored.directory })).target).toBe(url);
  await expect(view({ dataDir: 'nowhere' })).rejects.toThrow('there is no data directory nowhere');
});

test('a server that is not ready', async () => {
  const url = await httpUrl();
  report = { ...report, state: 'failed' };
  onTestFinished(() => {
    report = { ...report, state: 'ok' };
  });
  expect(await (await view({ server: url })).health()).toBe('Unavailable: NOT_SERVING');
});

test('routes take no parameters', async () => {
  const response = await fetch(`${await httpUrl()}/api/v1/nodes?x=1`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'input/invalid', field: 'x' });
});

test('any Hubble Relay can be asked', async () => {
  const relay = firstRelay(await simulation({ scenario: 'load', rate: 100 }));
  const asked = await view({ server: `grpc://${relay.address}` });
  expect(await asked.health()).toBe('Ok');
  expect((await asked.nodes()).length).toBe(relay.rings.length);
  expect((await asked.status()).version).toContain('hubble-relay');
  expect((await asked.namespaces()).length).toBeGreaterThan(0);
  await expect(firstPeer(asked)).rejects.toThrow('rpc error: code = Unimplemented desc = ');
});

test('over tls, with a client certificate', async () => {
  const certificates = makeCertificates();
  onTestFinished(() => certificates.remove());
  const { file } = certificates;
  const tls = { cert: file('relay.pem'), key: file('relay.key'), clientCa: file('ca.pem') };
  const { address } = await serving(stored.store, { grpc: { tls } });
  const flags = {
    server: `tls://${address}`,
    tlsCaCertFiles: file('ca.pem'),
    tlsServerName: 'relay.test',
  };
  const own = { tlsClientCertFile: file('client.pem'), tlsClientKeyFile: file('client.key') };
  expect(await (await view({ ...flags, ...own })).health()).toBe('Ok');
  await expect(view(flags).then((each) => each.health())).rejects.toThrow('Unavailable');
  await expect(view({ ...flags, ...own, tlsServerName: 'other' })).rejects.toThrow('Unavailable');
  await expect(view({ ...flags, tlsClientCertFile: 'x' })).rejects.toThrow('both required');
});

test('what cannot be asked is said', async () => {
  const nobody = await view({ server: 'http://127.0.0.1:1' });
  await expect(nobody.status()).rejects.toThrow(
    'the Parallax server at http://127.0.0.1:1 cannot be reached',
  );
  await expect(view({ server: 'grpc://127.0.0.1:1' })).rejects.toThrow(
    'rpc error: code = Unavailable desc = connect ECONNREFUSED',
  );
  await expect(view({ server: '::' })).rejects.toThrow(
    '--server "::" is not a server address; write http://HOST:PORT',
  );
  await expect(view({ server: 'grpc://x' })).rejects.toThrow('"x" is not a server address');
  await expect(view({ timeout: 'soon' })).rejects.toThrow(
    'invalid --timeout "soon": time: invalid duration "soon"',
  );
});
