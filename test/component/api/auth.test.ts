// Who may ask, and what they see: tokens over HTTP and gRPC, names of hosts, rates, scopes through every route, and the
// log of it all.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTokens, type Tokens } from '../../../src/api/auth.ts';
import { apiConfig } from '../../../src/api/config.ts';
import { queryFlows } from '../../../src/cli/observe/flows.ts';
import { readOptions } from '../../../src/cli/observe/options.ts';
import type { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { Health, Observer } from '../../../src/hubble/proto/services.ts';
import { fromNanos } from '../../../src/hubble/proto/timestamp.ts';
import type { Scope } from '../../../src/query/read/scope.ts';
import { ask, FlowsCall, flowsOf, serving } from '../../support/api/grpc-server.ts';
import { type HttpServing, httpServing } from '../../support/api/serving.ts';
import { type StoredCorpus, storedCorpus } from '../../support/query/stored.ts';

const TOKEN = 'correct-horse-battery-staple';
const OTHER = 'another-token-of-somebody-else';
let stored: StoredCorpus;
let directory: string;

const flowOf = (cluster: string, at: number): GetFlowsResponse => {
  const time = fromNanos(BigInt(Date.now() - 60_000 + at) * 1_000_000n);
  const end = (name: string) => ({
    namespace: `${cluster}-ns`,
    pod_name: `${cluster}-${name}-${at}`,
    identity: 1000 + at,
    labels: [`k8s:io.kubernetes.pod.namespace=${cluster}-ns`, `k8s:app=${cluster}-${name}`],
  });
  const uuid = `${cluster === 'mine' ? 'aaaaaaaa' : 'bbbbbbbb'}-0000-4000-8000-${String(at).padStart(12, '0')}`;
  return {
    flow: {
      ...{ time, uuid, verdict: at % 2 === 0 ? 1 : 2, node_name: `${cluster}/${cluster}-node` },
      IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 1 },
      l4: { TCP: { source_port: 1000 + at, destination_port: 80, flags: { SYN: true } } },
      ...{ source: end('client'), destination: end('server'), traffic_direction: 1, Type: 1 },
    },
    node_name: `${cluster}/${cluster}-node`,
    time,
  };
};

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parallax-auth-'));
  stored = await storedCorpus();
  for (const cluster of ['mine', 'theirs'])
    await stored.insert(
      Array.from({ length: 10 }, (_, at) => flowOf(cluster, at)),
      { cluster },
    );
  const both = { clusters: ['mine', 'theirs'] };
  for (const sql of [
    `INSERT INTO coverage (cluster, node, minute, uuid, up_ms, received, received_at)
      SELECT arrayJoin({clusters:Array(String)}) AS c, concat(c, '-node'), now() - 60, generateUUIDv4(c), 60000, 10, now()`,
    `INSERT INTO identities (cluster, identity, slot, labels, labels_hash, origin, first_seen, last_seen, received_at)
      SELECT arrayJoin({clusters:Array(String)}) AS c, 70000, 1, concat('k8s:app=', c), cityHash64(c), 1, now() - 100, now(), now()`,
    `INSERT INTO cluster_facts (cluster, kind, value, origin, first_seen, last_seen, received_at)
      SELECT arrayJoin({clusters:Array(String)}) AS c, arrayJoin(['name', 'namespace']), concat(c, '-ns'), 'flow', now() - 100, now(), now()`,
    `INSERT INTO flow_totals (time_slot, received_at, cluster, source_cluster, source_namespace, destination_namespace, flows)
      SELECT toInt32(intDiv(toUnixTimestamp(now() - 60), 300)), now(), arrayJoin({clusters:Array(String)}) AS c, c, concat(c, '-ns'), concat(c, '-ns'), 10`,
  ])
    await stored.store.command(sql, both);
});
afterAll(async () => {
  await stored.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('tokens', () => {
  let api: HttpServing;
  beforeAll(async () => {
    const file = join(directory, 'token');
    writeFileSync(file, `${OTHER}\n`);
    const sha256 = createHash('sha256').update('a-token-kept-as-hash').digest('hex');
    api = await httpServing(stored.store, {
      settings: {
        auth: {
          token: TOKEN,
          tokens: [
            { name: 'grafana', tokenFile: file },
            { name: 'hashed', sha256 },
          ],
        },
      },
    });
  });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test('one is needed, on loopback too', async () => {
    for (const path of ['/api/v1/flows', '/api/v1/clusters', '/api/v1/nothing', '/nowhere'])
      for (const headers of [
        {},
        bearer('x'),
        bearer(`${TOKEN}x`),
        bearer(TOKEN.slice(1)),
        { authorization: TOKEN },
        { authorization: `Basic ${TOKEN}` },
        { authorization: 'Bearer ' },
      ]) {
        const {
          status,
          body,
          headers: told,
        } = await api.get(path, headers as Record<string, string>);
        expect([path, status]).toEqual([path, 401]);
        expect(body).toMatchObject({ code: 'auth/required' });
        expect(told.get('www-authenticate')).toContain('Bearer');
      }
    expect((await api.post('/api/v1/flows:query', {})).status).toBe(401);
  });

  test.each([TOKEN, OTHER, 'a-token-kept-as-hash'])('%s is known', async (token) => {
    expect((await api.get('/api/v1/clusters', bearer(token))).status).toBe(200);
    expect((await api.get('/api/v1/clusters', { authorization: `bearer  ${token} ` })).status).toBe(
      200,
    );
  });

  test('health, metrics and the document need none', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs/'])
      expect([path, (await api.get(path)).status]).toEqual([path, 200]);
    const closed = await httpServing(stored.store, {
      settings: { auth: { token: TOKEN, metrics: 'token' } },
    });
    expect((await closed.get('/metrics')).status).toBe(401);
    expect((await closed.get('/metrics', bearer(TOKEN))).status).toBe(200);
  });

  test('every question is logged with who asked, and no token', async () => {
    await api.get('/api/v1/coverage?since=10m', bearer(OTHER));
    await api.get(
      `/api/v1/flows?last=1&http-header=${encodeURIComponent('cookie:sesame')}&verdict=DROPPED`,
      bearer(TOKEN),
    );
    await api.get('/api/v1/flows', bearer('wrong-token-wrong-token'));
    await expect
      .poll(() => api.log.filter(({ msg }) => msg === 'query answered').length)
      .toBeGreaterThan(3);
    expect(api.log).toContainEqual(
      expect.objectContaining({
        ...{ msg: 'query answered', who: 'grafana', route: '/api/v1/coverage', status: 200 },
        rows: expect.any(Number),
        queries: expect.any(Number),
      }),
    );
    const flows = api.log.find(({ asked }) => String(asked).includes('DROPPED'));
    expect(flows).toMatchObject({ who: 'default', route: '/api/v1/flows' });
    expect(api.log).toContainEqual(expect.objectContaining({ who: 'unknown', status: 401 }));
    const text = JSON.stringify(api.log);
    for (const secret of [TOKEN, OTHER, 'wrong-token', 'sesame'])
      expect(text).not.toContain(secret);
  });

  test('over gRPC the same, health apart', async () => {
    const { client } = await serving(stored.store, { settings: { auth: { token: TOKEN } } });
    const own = client();
    const withToken = new grpc.Metadata();
    withToken.set('authorization', `Bearer ${TOKEN}`);
    expect((await flowsOf(own, { number: 1n })).code).toBe(grpc.status.UNAUTHENTICATED);
    await expect(ask(own, Observer.ServerStatus, {})).rejects.toMatchObject({
      code: grpc.status.UNAUTHENTICATED,
    });
    expect((await ask(own, Health.Check, {})).response).toEqual({ status: 1 });
    const call = new FlowsCall(own, { number: 1n }, withToken);
    expect((await call.status).code).toBe(grpc.status.OK);
  });

  test('the command shows the token it is given', async () => {
    const file = join(directory, 'own');
    writeFileSync(file, `${TOKEN}\n`);
    const clusters = async (args: string[], env: Record<string, string>) => {
      const options = await readOptions(['--server', api.url, '--last', '1', ...args], {
        env,
        nowMs: Date.now,
        warn: () => undefined,
        readConfig: async () => ({}),
      });
      if (options === 'help') throw new Error('is no call for help');
      const told = queryFlows(
        options,
        { say: () => undefined, progress: () => undefined },
        { signal: new AbortController().signal, nowMs: Date.now },
      );
      return countOf(told);
    };
    expect(await clusters([], { PARALLAX_TOKEN: TOKEN })).toBe(1);
    expect(await clusters([], { PARALLAX_TOKEN_FILE: file })).toBe(1);
    expect(await clusters(['--token-file', file], { PARALLAX_TOKEN: 'x'.repeat(20) })).toBe(1);
    await expect(clusters([], {})).rejects.toMatchObject({
      code: 'auth/required',
      message: expect.stringContaining('PARALLAX_TOKEN or --token-file'),
    });
    await expect(clusters(['--token-file', join(directory, 'none')], {})).rejects.toMatchObject({
      code: 'input/invalid',
    });
  });

  test('tokens that cannot be are refused', () => {
    const of = (auth: object) => () => readTokens(apiConfig.parse({ auth }).auth);
    expect(of({ token: 'short' })).toThrow(/at least 16/);
    expect(of({ tokenFile: join(directory, 'none') })).toThrow(/cannot be read/);
    expect(of({ tokens: [{ name: 'a' }] })).toThrow(/exactly one of/);
    expect(of({ tokens: [{ name: 'a', token: TOKEN, sha256: '0'.repeat(64) }] })).toThrow(
      /exactly one of/,
    );
    expect(of({ token: TOKEN, tokens: [{ name: 'a', token: TOKEN }] })).toThrow(/are the same/);
  });
});

describe('without tokens', () => {
  test.each(['0.0.0.0:0', '[::]:0', ':0'])('%s is refused, with the cure', async (listen) => {
    await expect(httpServing(stored.store, { settings: { listen } })).rejects.toMatchObject({
      code: 'config/invalid',
      message: expect.stringMatching(/api\.listen: .*PARALLAX_API_AUTH_TOKEN.*127\.0\.0\.1/),
    });
  });

  test('with one, it listens there', async () => {
    const api = await httpServing(stored.store, {
      settings: { listen: '0.0.0.0:0', auth: { token: TOKEN } },
    });
    const port = new URL(api.url).port;
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/clusters`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(answer.status).toBe(200);
  });

  test('a page of another site cannot ask under its own name', async () => {
    const api = await httpServing(stored.store, {
      settings: { auth: { hosts: ['flows.example'] } },
    });
    const { port } = new URL(api.url);
    const as = (host: string, path = '/api/v1/clusters') =>
      new Promise<number | undefined>((resolve, reject) => {
        http
          .get({ port, host: '127.0.0.1', path, headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
          .once('error', reject);
      });
    for (const host of ['127.0.0.1', `localhost:${port}`, `[::1]:${port}`, 'flows.example'])
      expect([host, await as(host)]).toEqual([host, 200]);
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil'])
      expect([host, await as(host)]).toEqual([host, 403]);
    expect(await as('pod.example', '/healthz')).toBe(200);
  });

  test('who asks too often is told when to ask again', async () => {
    const { get, metric } = await httpServing(stored.store, {
      settings: { rateLimit: { requests: 5, window: '1m' } },
    });
    const statuses: number[] = [];
    for (let n = 0; n < 7; n++) statuses.push((await get('/api/v1/coverage')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    const { headers, body } = await get('/api/v1/clusters');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ code: 'query/rate' });
    expect((await get('/healthz')).status).toBe(200);
    expect(await metric('parallax_api_errors_total', { code: 'query/rate' })).toBe(3);
  });
});

describe('a scope', () => {
  const scoped = (scope: Scope): Tokens => ({
    needed: true,
    principalOf: () => ({ name: 'team', scope }),
  });
  let mine: HttpServing;
  let namespaced: HttpServing;
  let all: HttpServing;
  beforeAll(async () => {
    all = await httpServing(stored.store);
    mine = await httpServing(stored.store, { tokens: scoped({ clusters: ['mine'] }) });
    namespaced = await httpServing(stored.store, { tokens: scoped({ namespaces: ['mine-ns'] }) });
  });

  const PATHS = [
    '/api/v1/flows?all=true',
    '/api/v1/flows?format=json&limit=100',
    '/api/v1/flows?all=true&format=csv',
    '/api/v1/flows?all=true&follow=false&format=sse',
    '/api/v1/connections?all=true',
    '/api/v1/services?all=true',
    '/api/v1/clusters',
    '/api/v1/identities',
    '/api/v1/identities?identity=70000',
    '/api/v1/coverage',
    '/api/v1/nodes',
    '/api/v1/namespaces',
    '/api/v1/doctor',
    ...['namespace', 'pod', 'workload', 'cluster', 'label', 'observer.cluster', 'node'].map(
      (field) => `/api/v1/complete?field=${field}`,
    ),
  ];

  test.each(PATHS)('%s tells nothing of other clusters', async (path) => {
    const whole = await all.get(path);
    expect(whole.status).toBe(200);
    // The doctor says little of either; whatever else has something to hide.
    if (!path.includes('doctor') && !path.includes('workload'))
      expect(whole.text).toContain('theirs');
    const own = await mine.get(path);
    expect(own.status, own.text).toBe(200);
    expect(own.text).not.toContain('theirs');
    if (!path.includes('doctor') && !path.includes('workload')) expect(own.text).toContain('mine');
  });

  test.each(
    PATHS.filter(
      (path) => !/coverage|clusters|nodes|doctor|observer|field=node|field=cluster/.test(path),
    ),
  )('%s tells nothing of other namespaces', async (path) => {
    const { status, text } = await namespaced.get(path);
    expect(status).toBe(200);
    expect(text).not.toContain('theirs-ns');
  });

  test('what is asked for by name is not there', async () => {
    const theirs = flowOf('theirs', 1).flow?.uuid;
    expect((await all.get(`/api/v1/flows/${theirs}`)).status).toBe(200);
    expect((await mine.get(`/api/v1/flows/${theirs}`)).status).toBe(404);
    expect((await mine.get(`/api/v1/explain?uuid=${theirs}`)).status).toBe(404);
    expect((await all.get(`/api/v1/explain?uuid=${theirs}`)).status).toBe(200);
    const ends = [{ cluster: 'theirs', identity: 70000, at: '1s' }];
    expect((await all.post('/api/v1/identities:resolve', { ends })).body.labels).toEqual([
      ['k8s:app=theirs'],
    ]);
    expect((await mine.post('/api/v1/identities:resolve', { ends })).body.labels).toEqual([[]]);
    const { body } = await mine.get('/api/v1/status');
    expect(body).toMatchObject({ num_flows: '10' });
  });

  test('over gRPC, from history and live', async () => {
    const { client, publish } = await serving(stored.store, {
      tokens: scoped({ clusters: ['mine'] }),
    });
    const own = client();
    const { uuids } = await flowsOf(own, { number: 100n });
    expect(uuids).toHaveLength(10);
    expect(uuids.every((uuid) => uuid.startsWith('aaaaaaaa'))).toBe(true);
    const nodes = (await ask(own, Observer.GetNodes, {})).response.nodes?.map(({ name }) => name);
    expect(nodes).toEqual(['mine/mine-node']);
    const live = new FlowsCall(own, { follow: true });
    await expect.poll(() => live.metadata).toBeDefined();
    await publish([flowOf('theirs', 50)], 'theirs');
    await publish([flowOf('mine', 51)], 'mine');
    await expect
      .poll(() => live.uuids, { timeout: 10_000 })
      .toEqual([flowOf('mine', 51).flow?.uuid]);
  });
});
