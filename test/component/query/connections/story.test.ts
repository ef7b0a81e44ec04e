// The story of the README through the store, the API and the commands: who was denied, where, coming from which cluster,
// and which cluster answered the global service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONNECTIONS } from '../../../../src/cli/report/connections.ts';
import { type ExplainFlags, runExplain } from '../../../../src/cli/report/explain.ts';
import { type Report, runReport } from '../../../../src/cli/report/run.ts';
import { SERVICES } from '../../../../src/cli/report/services.ts';
import type { Connection } from '../../../../src/query/connections/connection.ts';
import type { Explained } from '../../../../src/query/explain/find.ts';
import type { Service } from '../../../../src/query/services/services.ts';
import { caughtCall } from '../../../engines/caught-call.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';
import { TOLD_MS, tellStory } from '../../../support/query/totals-story.ts';
import { START_MS } from '../../../support/simulate/stage.ts';

let stored: StoredCorpus;
let api: HttpServing;
let url: string;

function serving(maxConnections: number): Promise<HttpServing> {
  return httpServing(stored.store, { settings: { connections: { maxConnections } } });
}

beforeAll(async () => {
  stored = await storedCorpus();
  await tellStore(stored, await tellStory());
  api = await serving(500);
  url = api.url;
}, 60_000);
afterAll(() => stored.close());

const call = () => caughtCall({ env: { PARALLAX_SERVER: url }, nowMs: START_MS + TOLD_MS });

async function run<T>(report: Report<T>, args: readonly string[]) {
  const { io, said } = call();
  return { exit: await runReport(report, args, io), ...said() };
}

const connections = (...args: string[]) => run(CONNECTIONS, args);
const services = (...args: string[]) => run(SERVICES, args);

async function explain(uuid: string | undefined, flags: ExplainFlags): Promise<string> {
  const { io, said } = call();
  await runExplain(uuid, flags, io);
  return said().out;
}

const DENIED = [
  '--from-pod',
  'farfaraway/xwing',
  '--to-pod',
  'farfaraway/rebel-base',
  '--verdict',
  'DROPPED',
];

describe('the denied call', () => {
  test('is one connection: forwarded at its source, dropped at its destination', async () => {
    const { exit, out } = await connections(...DENIED, '--last', '1', '-o', 'ndjson');
    expect(exit).toBe(0);
    const found: Connection = JSON.parse(out);
    expect(found).toMatchObject({
      protocol: 'TCP',
      outcome: 'denied',
      deniedAt: 'destination',
      client: { identity: 373_826, cluster: 'liz-cm-gke-5', clusterId: 5 },
      server: { cluster: 'liz-cm-eks-6', clusterId: 6, port: 80 },
      source: { cluster: 'liz-cm-gke-5', verdict: 'FORWARDED' },
      destination: {
        cluster: 'liz-cm-eks-6',
        verdict: 'DROPPED',
        drops: [{ reason: 'POLICY_DENIED', code: 133 }],
      },
      missing: {},
    });
  });

  test('is a line of a table', async () => {
    const { out } = await connections(...DENIED, '--last', '2');
    const [header, line] = out.split('\n');
    expect(header).toMatch(/^FIRST SEEN +CLIENT +SERVER +PROTOCOL +SOURCE SAW +DESTINATION SAW/);
    expect(line).toMatch(
      /farfaraway\/xwing-\S+ \(liz-cm-gke-5\) +farfaraway\/rebel-base-\S+:80 \(liz-cm-eks-6\) +TCP +FORWARDED +DROPPED \(POLICY_DENIED x\d\) +denied +\d+ +default deny$/,
    );
  });

  test('is explained: cluster 5, identity, deciding cluster, direction, default deny', async () => {
    const text = await explain(undefined, {
      from: 'farfaraway/xwing',
      to: 'farfaraway/rebel-base:80',
    });
    expect(text).toContain(
      "The client's identity is 373826, of cluster 5 (373826 >> 16 = 5), liz-cm-gke-5",
    );
    expect(text).toMatch(/Source side: cluster liz-cm-gke-5 .* FORWARDED, no answer among them/);
    expect(text).toContain('Cluster liz-cm-eks-6 dropped it on INGRESS at the destination');
    expect(text).toContain('this is the default deny');
    expect(text).toMatch(/Of the (newest )?\d+ connections between them, \d+ were denied/);
    expect(text).toContain('Not known:\n- Which policies select the destination');
  });

  test('is explained by the uuid of any flow of it, from the side that saw it forwarded too', async () => {
    const found: Connection = JSON.parse(
      (await connections(...DENIED, '--last', '1', '-o', 'ndjson')).out,
    );
    const at = (uuid: string) => explain(uuid, { output: 'json' });
    const told: Explained = JSON.parse(await at(found.uuid));
    expect(told.connection).toEqual(found);
    const answer = await fetch(
      `${url}/api/v1/flows?last=1&whitelist=${encodeURIComponent(
        JSON.stringify({
          source_ip: [found.client.ip],
          source_port: [String(found.client.port)],
          verdict: ['FORWARDED'],
        }),
      )}`,
    );
    const flow: { flow: { uuid: string } } = JSON.parse(await answer.text());
    expect(JSON.parse(await at(flow.flow.uuid))).toEqual(told);
  });
});

test('the global service: which cluster answered whose calls', async () => {
  const { exit, out } = await services('--to-pod', 'farfaraway/rebel-base', '-o', 'json');
  expect(exit).toBe(0);
  const [found]: Service[] = JSON.parse(out).services;
  if (found === undefined) throw new Error('no service');
  expect(found).toMatchObject({ service: 'farfaraway/rebel-base', global: true });
  const route = (from: string, to: string) =>
    found.routes.find((each) => each.from === from && each.to === to);
  const ofEks = await connections(
    '--from-cluster',
    'liz-cm-eks-6',
    '--to-pod',
    'farfaraway/rebel-base',
    '--all',
    '-o',
    'ndjson',
  );
  const lines: Connection[] = ofEks.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const to of ['liz-cm-eks-6', 'liz-cm-gke-5'])
    expect(route('liz-cm-eks-6', to)?.connections).toBe(
      lines.filter(({ server: { cluster } }) => cluster === to).length,
    );
  expect(route('liz-cm-gke-5', 'liz-cm-eks-6')).toMatchObject({ answered: 0, share: 0 });
  expect(route('liz-cm-gke-5', 'liz-cm-eks-6')?.denied).toBeGreaterThan(5);
  expect(found.backends.map(({ cluster }) => cluster).sort()).toEqual([
    'liz-cm-eks-6',
    'liz-cm-gke-5',
  ]);
  expect(found.affinity).toEqual({ 'liz-cm-eks-6': 'none', 'liz-cm-gke-5': 'none' });
});

test('a table of services', async () => {
  const { out } = await services();
  expect(out).toMatch(/^SERVICE +FROM +ANSWERED IN +SHARE/);
  expect(out).toMatch(/farfaraway\/rebel-base \(global\) +liz-cm-eks-6 +liz-cm-eks-6 +\d+\.\d%/);
  expect(out).toMatch(/farfaraway\/deathstar +liz-cm-/);
});

interface Body {
  readonly connections?: readonly object[];
  readonly field?: string;
  readonly cost?: object;
}

/** Differs from one time to the next: what the engine found in its caches it did not read. */
const READ = {
  rows: expect.any(Number),
  bytes: expect.any(Number),
  elapsedMs: expect.any(Number),
};

describe('the API', () => {
  const get = async (path: string) => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const body: Body = JSON.parse(await response.text());
    return { status: response.status, body };
  };

  test('answers by GET and by POST alike', async () => {
    const whitelist = [{ verdict: ['DROPPED'] }];
    const byGet = await get(
      `connections?last=3&whitelist=${encodeURIComponent(JSON.stringify(whitelist))}`,
    );
    expect(byGet.status).toBe(200);
    expect(byGet.body.connections).toHaveLength(3);
    const byPost = await fetch(`${url}/api/v1/connections:query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ last: 3, whitelist }),
    });
    expect(await byPost.json()).toEqual({
      ...byGet.body,
      cost: { ...byGet.body.cost, ...READ },
    });
  });

  test('says that nothing was collected in a window', async () => {
    const { body } = await get('connections?since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z');
    expect(body).toEqual({
      connections: [],
      notices: [expect.stringContaining('no data was collected in that window')],
      coverage: expect.objectContaining({
        collected: false,
        text: 'nothing was collected in that window',
      }),
      cost: expect.objectContaining({ queries: expect.any(Number) }),
    });
  });

  test.each([
    ['connections?follow=true', 400, 'follow'],
    ['connections?last=x', 400, 'last'],
    ['explain', 400, 'from'],
    ['explain?from=a', 400, 'to'],
    ['explain?uuid=a&from=b', 400, 'from'],
    ['explain?from=a&to=b&since=never', 400, 'since'],
    ['explain?uuid=00000000-0000-4000-8000-000000000000', 404, undefined],
    ['services?whitelist={"http_path":["/x"],"event_type":[{"type":129}]}', 400, undefined],
  ])('refuses %s', async (path, status, field) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.field).toBe(field);
  });

  test('refuses more than api.connections allows', async () => {
    const response = await fetch(`${url}/api/v1/connections?all=true`);
    expect((await response.json()) as object).toHaveProperty('connections');
    const refused = await (await serving(5)).get('/api/v1/connections?all=true');
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: 'store/limit' });
  });

  test('counts what it sent', async () => {
    const text = await api.registry.metrics();
    expect(text).toMatch(/parallax_api_connections_sent_total \d+/);
    expect(text).toContain('parallax_api_connections_limit 500');
    expect(text).toMatch(/parallax_api_streams 0/);
  });
});

describe('the command', () => {
  test.each([
    [['--follow'], 'connections cannot be followed'],
    [['-o', 'dict'], '--output does not take "dict"; use table, wide, json'],
    [['--first', '1', '--last', '1'], 'cannot set both --first and --last'],
    [['--from-pod'], 'flag needs an argument'],
  ])('refuses %j', async (args, message) => {
    const { exit, err } = await connections(...args);
    expect(exit).toBe(1);
    expect(err).toContain(message);
  });

  test('prints its help and its filters', async () => {
    expect((await connections('--help')).out).toContain('Lists connections: what both nodes');
    expect((await services('--help')).out).not.toContain('--input-file');
    expect((await services('--to-port', '80', '--print-raw-filters')).out).toContain(
      'destination_port',
    );
  });

  test('services take no file', async () => {
    expect((await services('--input-file', 'x')).err).toContain('parallax import');
  });

  test('explain needs a flow or both ends', async () => {
    await expect(explain(undefined, { from: 'a' })).rejects.toMatchObject({
      code: 'input/invalid',
    });
  });
});
