// Clusters and identities over HTTP, and the commands that ask for them.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import { createHttpServer, type HttpServer } from '../../../../src/api/http/server.ts';
import type { ClustersAnswer } from '../../../../src/query/catalogue/clusters.ts';
import type { IdentitiesAnswer } from '../../../../src/query/catalogue/identities.ts';
import { createOverview } from '../../../../src/query/catalogue/overview.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { emptyStore, knowing } from '../../../support/enrich/knowing.ts';
import { checkDocument } from '../../../support/query/checked.ts';

const HOME = fileURLToPath(new URL('../../../..', import.meta.url));
const HOUR = 3_600_000;
const START = Date.UTC(2026, 2, 1, 10);
const never = new AbortController().signal;
const { store, close } = await emptyStore();
let server: HttpServer;
let url = '';

beforeAll(async () => {
  const writer = knowing(store, [
    { name: 'gke', relay: 'g:1', id: 5, podCidrs: ['10.5.0.0/16'] },
    { name: 'eks', relay: 'e:1', id: 5, podCidrs: ['10.5.3.0/24'] },
  ]);
  await writer.knowledge.catalogue.start();
  const flow = (app: string, atMs: number) => ({
    flow: {
      source: { identity: 373_826, cluster_name: 'gke', labels: [`k8s:app=${app}`] },
      time: { seconds: BigInt(atMs / 1000), nanos: 0 },
      node_name: 'gke/n1',
    },
  });
  await writer.put([flow('old', START), flow('old', START + HOUR)], 'gke');
  await writer.put([flow('new', START + 3 * HOUR)], 'gke');
  const config = apiConfig.parse({ listen: '127.0.0.1:0' });
  server = createHttpServer({
    config,
    store,
    check: checkDocument,
    clusters: () => [],
    overview: createOverview({ store, clock: systemClock, version: '1.2.3', config }),
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock: systemClock,
    health: () => ({ phase: 'running', state: 'ok', components: [] }),
  });
  await server.start(never);
  url = server.address() ?? '';
});
afterAll(async () => {
  await server.stop(AbortSignal.timeout(2000));
  await close();
});

async function get(path: string) {
  const response = await fetch(url + path);
  // Whichever of them it is; a test looks at what it asked for.
  const body = (await response.json()) as IdentitiesAnswer & ClustersAnswer;
  return { status: response.status, body };
}

function parallax(...args: string[]) {
  const { PATH = '' } = process.env;
  const command = ['--import', 'tsx', join(HOME, 'src/cli/main.ts'), ...args, '--server', url];
  return new Promise<{ exit: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, command, { cwd: HOME, env: { PATH } }, (error, stdout, stderr) =>
      resolve({ exit: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

test('a number: its cluster and its periods', async () => {
  const { status, body } = await get('/api/v1/identities?identity=373826');
  expect(status).toBe(200);
  expect(body.numbers).toEqual([
    { maxConnectedClusters: 255, kind: 'mesh', clusterId: 5, clusters: ['eks', 'gke'] },
  ]);
  expect(body.periods).toEqual([
    {
      cluster: 'gke',
      identity: 373_826,
      labels: ['k8s:app=old'],
      origins: ['flow'],
      firstSeen: '2026-03-01T10:00:00.000Z',
      lastSeen: '2026-03-01T11:00:00.000Z',
    },
    expect.objectContaining({ labels: ['k8s:app=new'], firstSeen: '2026-03-01T13:00:00.000Z' }),
  ]);
});

test.each([
  ['2026-03-01T10:30:00Z', 'k8s:app=old', true],
  ['2026-03-01T12:59:59Z', 'k8s:app=old', true],
  ['2026-03-01T13:00:00Z', 'k8s:app=new', true],
  ['1h', 'k8s:app=new', true],
  ['2025-01-01T00:00:00Z', 'k8s:app=old', false],
])('at %s it is %s', async (at, label, seenBefore) => {
  const { body } = await get(`/api/v1/identities?identity=373826&at=${at}`);
  expect(body.periods).toMatchObject([{ labels: [label], seenBefore }]);
});

test('all that are known, and those of one cluster', async () => {
  expect((await get('/api/v1/identities')).body.periods).toMatchObject([{ identity: 373_826 }]);
  expect((await get('/api/v1/identities?cluster=eks')).body.periods).toEqual([]);
});

test('labels of many ends, each at its time', async () => {
  const resolve = async (ends: unknown) => {
    const response = await fetch(`${url}/api/v1/identities:resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ends }),
    });
    return {
      status: response.status,
      body: (await response.json()) as { readonly labels?: unknown },
    };
  };
  const at = (time: string, cluster = 'gke', identity = 373_826) => ({
    cluster,
    identity,
    at: time,
  });
  const asked = [
    at('2026-03-01T13:00:00Z'),
    at('2026-03-01T12:59:59Z'),
    at('2026-03-01T13:00:00Z', 'eks'),
    at('2026-03-01T13:00:00Z', 'gke', 1),
    at('2025-01-01T00:00:00Z'),
    at('1m'),
  ];
  expect((await resolve(asked)).body.labels).toEqual([
    ...[['k8s:app=new'], ['k8s:app=old'], [], []],
    ...[['k8s:app=old'], ['k8s:app=new']],
  ]);
  expect((await resolve([])).body.labels).toEqual([]);
  const many = Array.from({ length: 1000 }, () => at('2026-03-01T13:00:00Z'));
  expect((await resolve(many)).body.labels).toEqual(many.map(() => ['k8s:app=new']));
  expect(await resolve([...many, at('1m')])).toMatchObject({
    status: 400,
    body: { field: 'ends' },
  });
  expect(await resolve([at('never')])).toMatchObject({ status: 400, body: { field: 'ends.0.at' } });
});

test.each([
  ['identity=x', 'identity'],
  ['identity=4294967296', 'identity'],
  ['identity=1&at=yesterday', 'at'],
  ['limit=10001', 'limit'],
  ['bogus=1', 'bogus'],
])('refuses %s by name', async (query, field) => {
  const { status, body } = await get(`/api/v1/identities?${query}`);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'input/invalid', field });
});

test('clusters, and what does not fit', async () => {
  const { body } = await get('/api/v1/clusters');
  expect(body.clusters.map(({ key }) => key)).toEqual(['eks', 'gke']);
  expect(body.findings.map(({ kind }) => kind)).toEqual(['same-id', 'overlapping-pod-cidrs']);
});

test('the commands', { timeout: 60_000 }, async () => {
  const clusters = await parallax('clusters');
  expect(clusters.exit).toBe(0);
  expect(clusters.stdout).toMatch(/^CLUSTER +CILIUM NAME +ID/);
  expect(clusters.stdout).toMatch(/^gke +gke +5 +255 +- +10\.5\.0\.0\/16 +- +g:1 +config,flow$/m);
  expect(clusters.stdout).toContain('! eks and gke have the same cluster id');
  expect(clusters.stdout).toMatch(/evidence: .*\n {2}cure: /);
  const { stdout } = await parallax('identities', '373826', '--at', '2026-03-01T10:30:00Z');
  expect(stdout).toContain('373826 is of the cluster with id 5 (>> 16), eks or gke');
  expect(stdout).toMatch(/^gke +373826 .* k8s:app=old$/m);
  const json = await parallax('identities', '0x1000001', '-o', 'json');
  expect(JSON.parse(json.stdout)).toMatchObject({ nodeLocal: true, periods: [] });
  const refused = await parallax('identities', '1', '--at', 'tomorrow');
  expect(refused).toMatchObject({ exit: 1, stdout: '' });
  expect(refused.stderr).toContain('--at "tomorrow" is not a time; write 10m');
});
