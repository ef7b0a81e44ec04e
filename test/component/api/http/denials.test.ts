// The routes of denials: what they answer is what their schemas say, pages follow each other, and who may read part of
// the store is told of that part.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { runDenials } from '../../../../src/cli/denials/run.ts';
import { runSuggest } from '../../../../src/cli/denials/suggest.ts';
import { incidentId } from '../../../../src/incident/incident.ts';
import { answerIncidents } from '../../../../src/query/denials/answers.ts';
import { denialsConfig } from '../../../../src/query/denials/config.ts';
import {
  denialsSchema,
  incidentDetailSchema,
  incidentsSchema,
  suggestionSchema,
} from '../../../../src/query/denials/schema.ts';
import { scopedStore } from '../../../../src/query/read/scope.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { nsToMs } from '../../../../src/runtime/time.ts';
import { caughtCall } from '../../../engines/caught-call.ts';
import { httpServing } from '../../../support/api/serving.ts';
import { type Denied, deny, HOUR, MINUTE, NOON, watch } from '../../../support/query/denied.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const NOW_MS = nsToMs(NOON + 20n * MINUTE);
let stored: StoredCorpus;
let ids: string[];
let url: string;

beforeAll(async () => {
  stored = await storedCorpus();
  const many = Array.from(
    { length: 25 },
    (_, index): Denied => ({
      time: NOON - BigInt(index) * MINUTE,
      destination_port: 1000 + index,
    }),
  );
  const denied = await deny(stored.store, [
    { time: NOON + MINUTE },
    {
      time: NOON,
      cluster: 'other',
      verdict: 2,
      drop_reason_desc: 0,
      source_namespace: 'shop',
      source_workload: '',
      source_peer: 'api.example.com',
      destination_namespace: 'shop',
      http_method: 'GET',
      http_url: '/x',
      drops: 0,
    },
    { time: NOON, l4_protocol: 3, destination_port: 0, icmp_type: 8, dns_query: '' },
    ...many,
  ]);
  ids = denied.map(incidentId);
  await watch(stored.store, 'liz-cm-eks-6', { since: NOON, until: NOON + 20n * MINUTE });
  const clock = { ...systemClock, now: () => NOW_MS };
  ({ url } = await httpServing(stored.store, { clock }));
}, 60_000);
afterAll(() => stored.close());

async function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${url}/api/v1${path}`, init);
}

/** Nothing is in the answer that its schema does not name. */
async function answered<T extends z.ZodObject>(
  schema: T,
  response: Response,
): Promise<z.output<T>> {
  expect(response.status).toBe(200);
  const { coverage, cost, ...document } = (await response.json()) as Record<string, unknown>;
  expect(cost).toMatchObject({ queries: expect.any(Number) });
  expect(coverage).toBeDefined();
  const parsed = schema.parse(document);
  expect(document).toEqual(parsed);
  return parsed;
}

const post = (path: string, body: object) =>
  get(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('incidents', () => {
  test('by GET with the names of flags, by POST with filters, the same', async () => {
    const byGet = await answered(
      incidentsSchema,
      await get('/incidents?to-namespace=farfaraway&to-port=80&details&sort=count'),
    );
    expect(byGet.incidents).toHaveLength(1);
    expect(byGet.incidents[0]).toMatchObject({
      id: ids[0],
      otherSide: { missing: 'not-collected', cluster: 'liz-cm-gke-5' },
    });
    const whitelist = [{ destination_pod: ['farfaraway/'], destination_port: ['80'] }];
    const body = { whitelist, details: true, sort: 'count' };
    expect(await answered(incidentsSchema, await post('/incidents:query', body))).toEqual(byGet);
  });

  test('page by page, each of the window of the first', async () => {
    const whole = await answered(incidentsSchema, await get('/incidents?limit=100'));
    expect(whole.incidents).toHaveLength(ids.length);
    const paged: unknown[] = [];
    let cursor: string | undefined;
    do {
      const at = cursor === undefined ? '' : `&cursor=${cursor}&since=1m`;
      const page = await answered(incidentsSchema, await get(`/incidents?limit=10${at}`));
      paged.push(...page.incidents);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(paged).toEqual(whole.incidents);
  });

  test('none are told with what was collected', async () => {
    const response = await get('/incidents?to-namespace=nowhere');
    const { notices } = await answered(incidentsSchema, response);
    expect(notices[0]).toBe('no denials match in that window');
  });

  test('what cannot be asked is refused by name', async () => {
    for (const [path, field] of [
      ['/incidents?limit=0', 'limit'],
      ['/incidents?state=new', 'state'],
      ['/incidents?incident=7', 'incident'],
      ['/incidents?cursor=x', 'cursor'],
      ['/denials?cursor=MSAyIDMgNA', 'cursor'],
      ['/incidents?since=1h&until=2h', 'since'],
      ['/incidents?tcp-flags=SYN', 'whitelist.tcp_flags'],
      ['/incidents?what=1', 'what'],
      ['/incidents/zzz', 'incident'],
      [`/incidents/${ids[0]}/policy?kind=Pod`, 'kind'],
    ]) {
      const response = await get(path ?? '');
      expect(response.status, path).toBe(400);
      expect(await response.json(), path).toMatchObject({ code: 'input/invalid', field });
    }
    expect((await get(`/incidents/${'0'.repeat(16)}`)).status).toBe(404);
  });
});

test('single denials, page by page', async () => {
  const whole = await answered(denialsSchema, await get('/denials?limit=100&all'));
  expect(whole.denials).toHaveLength(ids.length);
  const first = await answered(denialsSchema, await get('/denials?limit=20'));
  const rest = await answered(denialsSchema, await get(`/denials?limit=20&cursor=${first.next}`));
  expect([...first.denials, ...rest.denials]).toEqual(whole.denials);
  expect(rest.next).toBeUndefined();
});

test('one incident whole, of each kind', async () => {
  for (const id of ids.slice(0, 3)) {
    const detail = await answered(incidentDetailSchema, await get(`/incidents/${id}`));
    expect(detail.incident.id).toBe(id);
    expect(detail.denials.length).toBeGreaterThan(0);
    expect(detail.explanation.sentences.length).toBeGreaterThan(2);
  }
});

test('a policy as JSON, and as YAML for who accepts it', async () => {
  for (const id of ids.slice(0, 3))
    await answered(suggestionSchema, await get(`/incidents/${id}/policy`));
  const suggestion = await answered(suggestionSchema, await get(`/incidents/${ids[0]}/policy`));
  for (const accept of ['application/yaml', 'text/yaml, */*;q=0.1']) {
    const response = await get(`/incidents/${ids[0]}/policy`, { headers: { accept } });
    expect(response.headers.get('content-type')).toBe('application/yaml; charset=utf-8');
    const text = await response.text();
    expect(text).toBe(suggestion.yaml);
    expect(parse(text)).toEqual(suggestion.policy);
  }
  const missing = await get(`/incidents/${'0'.repeat(16)}/policy`, {
    headers: { accept: 'text/yaml' },
  });
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ code: 'input/not-found' });
});

test('a scope is part of every read', async () => {
  const asked = { whitelist: [], blacklist: [], since: NOON - HOUR, limit: 100 };
  const deps = { config: denialsConfig.parse({}), nowNanos: NOON + HOUR };
  const read = async (scope: Parameters<typeof scopedStore>[1]) => {
    const store = scopedStore(stored.store, scope);
    return (await answerIncidents({ ...asked, details: true }, { ...deps, store })).incidents;
  };
  expect(await read({ clusters: ['other'] })).toHaveLength(1);
  expect(await read({ namespaces: ['shop'] })).toHaveLength(1);
  expect(await read({ clusters: [] })).toHaveLength(0);
  expect(await read(undefined)).toHaveLength(ids.length);
});

test('the commands ask the server as they ask a directory', async () => {
  const { io, said } = caughtCall({ env: { PARALLAX_SERVER: url }, nowMs: NOW_MS });
  const args = ['--to-port', '80', '--policy', 'none', '--incident', ids[0] ?? '', '-o', 'ndjson'];
  expect(await runDenials([...args, '--new-since', '1h', '--denied-in', 'liz-cm-eks-6'], io)).toBe(
    0,
  );
  const { out, err } = said();
  expect(JSON.parse(out).id).toBe(ids[0]);
  expect(err).toMatch(/^nothing was collected of cluster liz-cm-eks-6 .*\n$/);
  expect(
    await runDenials(['--rows', '--all', '--with-audit', '--last', '3', '-o', 'json'], io),
  ).toBe(0);
  const rows = said();
  expect(JSON.parse(rows.out).denials).toHaveLength(3);
  expect(rows.err).toContain('there are more denials than these 3; see --last\n');
  const flags = { server: url, incident: ids[0] ?? '', output: 'yaml' } as const;
  await runSuggest(flags, io);
  expect(parse(said().out)).toMatchObject({ kind: 'CiliumNetworkPolicy' });
});

test('a server without a feed is asked again and again', async () => {
  // An older one: whatever it does not have is answered with 404.
  const problem = { code: 'input/not-found', detail: 'there is no such route', status: 404 };
  const older = createServer(({ url = '' }, response) => {
    const found = url.startsWith('/api/v1/incidents') && !url.includes('/feed');
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? { incidents: [], notices: [] } : problem));
  });
  await once(older.listen(0, '127.0.0.1'), 'listening');
  const { port } = older.address() as AddressInfo;
  const over = new AbortController();
  setTimeout(() => over.abort(), 1500);
  const env = { PARALLAX_SERVER: `http://127.0.0.1:${port}` };
  const { io, said } = caughtCall({ env, nowMs: NOW_MS, signal: over.signal });
  const code = await runDenials(['--watch'], { ...io, watch: { pollMs: 1 } });
  older.close();
  older.closeAllConnections();
  expect(code).toBe(0);
  expect(said().err).toMatch(/^http:\S+ has no feed of incidents; asking it every 1 ms\n$/);
});
