// Pages of flows, CSV, events, and one flow: each flow once whatever comes meanwhile, and cursors that nobody can bend.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GetFlowsResponse, Verdict } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { msToNs, nsToMs } from '../../../../src/runtime/time.ts';
import { type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
let api: HttpServing;
let flows: readonly GetFlowsResponse[];

beforeAll(async () => {
  stored = await storedCorpus();
  flows = await corpus('flows.jsonl');
  await stored.insert(flows);
  api = await httpServing(stored.store, { settings: { pageRows: 200 } });
});
afterAll(() => stored.close());

interface Told {
  readonly flow?: { readonly uuid?: string; readonly time?: string; readonly verdict?: string };
  readonly lost_events?: object;
  readonly node_name?: string;
}

interface Page {
  readonly flows: readonly Told[];
  readonly cursor: string | null;
  readonly next: string | null;
}

/** With all digits, so that texts sort as times. */
const wholeNanos = (time: string) =>
  time.replace(/(\.\d+)?Z$/, (_, part = '.') => part.padEnd(10, '0'));
const page = (body: object) => body as unknown as Page;
const keys = (told: readonly Told[]) => told.map((each) => JSON.stringify(each));

async function allPages(path: string): Promise<Told[]> {
  const told: Told[] = [];
  let next: string | null = path;
  while (next !== null) {
    const { status, body, text } = await api.get(next);
    expect(status, text).toBe(200);
    told.push(...page(body).flows);
    ({ next } = page(body));
  }
  return told;
}

describe('pages', () => {
  test.each([
    ['newest', 97],
    ['oldest', 97],
    ['newest', 200],
    ['oldest', 3],
  ])('%s first, %i at a time: every flow once, in order', async (order, limit) => {
    const filter = limit < 10 ? '&verdict=DROPPED' : '';
    const path = `/api/v1/flows?format=json&order=${order}&limit=${limit}${filter}&events=all`;
    const told = await allPages(path);
    const wanted = await api.get(
      `/api/v1/flows?all=true&events=all${limit < 10 ? '&verdict=DROPPED' : ''}`,
    );
    const lines = wanted.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
    expect(told.length).toBe(lines.length);
    expect(new Set(keys(told))).toEqual(new Set(keys(lines)));
    const times = told.flatMap(({ flow }) => (flow?.time ? [wholeNanos(flow.time)] : []));
    const sorted = times.toSorted();
    expect(times).toEqual(order === 'oldest' ? sorted : sorted.reverse());
  });

  test.each(['newest', 'oldest'])(
    '%s first while flows arrive: those that were there, once',
    async (order) => {
      const namespace = `arriving-${order}`;
      const made = (at: number, ms: number): GetFlowsResponse => {
        const time = fromNanos(msToNs(ms));
        const uuid = `${order === 'newest' ? 'aaaaaaaa' : 'bbbbbbbb'}-0000-4000-8000-${String(at).padStart(12, '0')}`;
        return { flow: { time, uuid, verdict: 1, source: { namespace } }, time };
      };
      const there = Array.from({ length: 120 }, (_, at) =>
        made(at, Date.now() - 60_000 + (at % 40)),
      );
      await stored.insert(there);
      const told: string[] = [];
      let next: string | null =
        `/api/v1/flows?format=json&order=${order}&limit=7&from-namespace=${namespace}`;
      for (let arrived = 1000; next !== null; arrived++) {
        const { body, text, status } = await api.get(next);
        expect(status, text).toBe(200);
        told.push(...page(body).flows.flatMap(({ flow }) => flow?.uuid ?? []));
        ({ next } = page(body));
        // Of now, which is after the first page was asked for.
        await stored.insert([made(arrived, Date.now() + 1)]);
      }
      expect(told.toSorted()).toEqual(there.map(({ flow }) => flow?.uuid ?? '').toSorted());
    },
  );

  test('rows of one moment and uuid are never torn apart', async () => {
    const time = fromNanos(1_790_000_000_000_000_000n);
    const uuid = '11111111-2222-4333-8444-555555555555';
    for (const cluster of ['a', 'b', 'c'])
      await stored.insert(
        [
          {
            flow: { time, uuid, node_name: `${cluster}/n`, verdict: 1 },
            node_name: `${cluster}/n`,
            time,
          },
        ],
        { cluster },
      );
    const others = flows
      .slice(0, 3)
      .map(({ flow }) => `&uuid=${flow?.uuid}`)
      .join('');
    for (const order of ['newest', 'oldest']) {
      const told = await allPages(
        `/api/v1/flows?format=json&limit=2&order=${order}&uuid=${uuid}${others}`,
      );
      const nodes = told.map((each) => each.node_name ?? '');
      expect(nodes.filter((node) => node.endsWith('/n')).sort()).toEqual(['a/n', 'b/n', 'c/n']);
      expect(nodes).toHaveLength(6);
    }
    const one = await api.get(`/api/v1/flows/${uuid}`);
    expect(one.body).toMatchObject({
      uuid,
      observations: [
        { cluster: 'a', node: 'a/n' },
        { cluster: 'b', node: 'b/n' },
        { cluster: 'c', node: 'c/n' },
      ],
    });
  });

  test('the next page is in the headers of lines and of CSV', async () => {
    const first = await api.get('/api/v1/flows?limit=5&notices=true');
    expect(first.headers.get('content-type')).toContain('application/x-ndjson');
    const [, link] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
    expect(link).toContain('cursor=');
    const second = await api.get(link ?? '');
    const uuids = [first, second].flatMap(({ text }) =>
      text
        .trim()
        .split('\n')
        .flatMap((line) => (JSON.parse(line) as Told).flow?.uuid ?? []),
    );
    expect(new Set(uuids).size).toBe(10);
    expect(first.text.trim().split('\n').at(-1)).toMatch(/^\{"parallax":\{"coverage":\{.*"cost":/);
    const csv = await api.get('/api/v1/flows?limit=3&format=csv&columns=uuid');
    expect(csv.text.trim().split('\r\n')).toEqual(['uuid', ...uuids.slice(0, 3)]);
    expect(csv.headers.get('x-next-cursor')).toBeTruthy();
  });

  test('by POST the cursor goes in the body', async () => {
    const question = { verdict: 'DROPPED', limit: 4, format: 'json' };
    const first = page((await api.post('/api/v1/flows:query', question)).body);
    expect(first.next).toBeNull();
    const second = page(
      (await api.post('/api/v1/flows:query', { ...question, cursor: first.cursor })).body,
    );
    expect(new Set(keys([...first.flows, ...second.flows])).size).toBe(8);
  });

  test('a cursor that was bent, or is of another question, is refused', async () => {
    const { cursor } = page((await api.get('/api/v1/flows?format=json&limit=5')).body);
    const own = Buffer.from(cursor ?? '', 'base64url').toString();
    const bent = (change: (parts: unknown[]) => unknown) =>
      Buffer.from(JSON.stringify(change(JSON.parse(own)))).toString('base64url');
    const cursors = [
      'x',
      '',
      '%00',
      (cursor ?? '').slice(0, -3),
      bent((parts) => parts.slice(1)),
      bent(([, ...parts]) => [2, ...parts]),
      bent(([v, q, , ...parts]) => [v, q, "1' OR 1=1", ...parts]),
      bent(([v, q, , ...parts]) => [v, q, '9'.repeat(40), ...parts]),
      bent(([v, q, t, , ...parts]) => [v, q, t, 'not-a-uuid', ...parts]),
      bent(([v, q, t, u, , ...parts]) => [v, q, t, u, 'system.parts', ...parts]),
      bent(() => ({ __proto__: null })),
      bent(() => [[[[]]]]),
    ];
    for (const each of cursors) {
      const { status, body } = await api.get(
        `/api/v1/flows?format=json&limit=5&cursor=${encodeURIComponent(each)}`,
      );
      expect([each, status]).toEqual([each, 400]);
      expect(body).toMatchObject({ code: 'input/invalid' });
    }
    const other = await api.get(`/api/v1/flows?format=json&verdict=DROPPED&cursor=${cursor}`);
    expect(other.status).toBe(400);
    expect(other.body.detail).toContain('another question');
    // Another place of the same question is only another place: what may be seen is decided anew each time.
    const moved = bent(([v, q, , ...parts]) => [v, q, '0', ...parts]);
    expect((await api.get(`/api/v1/flows?format=json&limit=5&cursor=${moved}`)).body).toMatchObject(
      {
        flows: [],
        cursor: null,
      },
    );
  });

  test.each(['last=5', 'first=5', 'all=true', 'follow=true'])(
    '%s does not go with them',
    async (what) => {
      const { status, body } = await api.get(`/api/v1/flows?limit=5&${what}`);
      expect(status).toBe(400);
      expect(body.field).toBe(what.split('=')[0]);
    },
  );
});

describe('filters as flags', () => {
  test.each([
    [
      'verdict=DROPPED&to-namespace=farfaraway',
      { verdict: ['DROPPED'], destination_pod: ['farfaraway/'] },
    ],
    ['protocol=dns&not.verdict=DROPPED', { protocol: ['dns'] }],
    ['from-port=80', { source_port: ['80'] }],
  ])('%s', async (query, filter) => {
    const blacklist = query.includes('not.') ? [{ verdict: ['DROPPED'] }] : [];
    const byFlags = await api.get(`/api/v1/flows?all=true&${query}`);
    const byJson = await api.post('/api/v1/flows:query', {
      all: true,
      whitelist: [filter],
      blacklist,
    });
    expect(byFlags.status).toBe(200);
    expect(byFlags.text).toBe(byJson.text);
    expect(byFlags.text.length).toBeGreaterThan(0);
  });

  test('a refused flag is named', async () => {
    const { status, body } = await api.get('/api/v1/flows?verdict=NOPE');
    expect([status, body.field]).toEqual([400, 'verdict']);
  });
});

describe('CSV', () => {
  test('a line a flow, with a head', async () => {
    const { text, headers } = await api.get('/api/v1/flows?all=true', { accept: 'text/csv' });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const lines = text.split('\r\n');
    expect(lines[0]).toMatch(
      /^time,verdict,drop_reason,direction,type,node,protocol,source\.cluster,/,
    );
    const known = await api.get('/api/v1/flows?all=true');
    // Lost events are no flows.
    const told = known.text.split('\n').filter((line) => line.includes('"flow":'));
    expect(lines.length - 2).toBe(told.length);
  });

  test('columns are chosen, unknown ones refused', async () => {
    const { text } = await api.get(
      '/api/v1/flows?last=1&format=csv&columns=verdict,uuid&columns=time',
    );
    expect(text.split('\r\n')[0]).toBe('verdict,uuid,time');
    const refused = await api.get('/api/v1/flows?format=csv&columns=nope');
    expect([refused.status, refused.body.field]).toEqual([400, 'columns']);
  });

  test('values that a spreadsheet would run are made text, and quotes and lines stand', async () => {
    const time = fromNanos(1_790_000_000_000_000_000n);
    const source = { namespace: 'formulas' };
    const summary = ['=1+1', '+1', '-1', '@x', '\t=1', 'a "b", c\nd'];
    await stored.insert(
      summary.map((Summary, at) => ({
        flow: { time, uuid: `cccccccc-0000-4000-8000-00000000000${at}`, Summary, source },
        time,
      })),
    );
    const { text } = await api.get(
      '/api/v1/flows?all=true&format=csv&columns=summary&from-namespace=formulas',
    );
    const told = text
      .replace(/^summary\r\n/, '')
      .split('\r\n')
      .filter(Boolean);
    expect(told.sort()).toEqual(["'=1+1", "'+1", "'-1", "'@x", "'\t=1", '"a ""b"", c\nd"'].sort());
  });
});

describe('events', () => {
  test('of history: each with an id, and the end with what it cost', async () => {
    const { text, headers } = await api.get('/api/v1/flows?last=3&follow=false', {
      accept: 'text/event-stream',
    });
    expect(headers.get('content-type')).toContain('text/event-stream');
    const events = text.split('\n\n').filter(Boolean);
    expect(events[0]).toBe('retry: 3000');
    const named = events
      .slice(1)
      .map((event) =>
        Object.fromEntries(
          event
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        ),
      );
    expect(named.map(({ event }) => event)).toEqual(['flow', 'flow', 'flow', 'end']);
    const { flow } = JSON.parse(named[2]?.data ?? '') as Told;
    const [, nanos, uuid] = /^(\d+)-(.*)$/.exec(named[2]?.id ?? '') ?? [];
    expect(uuid).toBe(flow?.uuid);
    expect(nsToMs(BigInt(nanos ?? 0))).toBe(Date.parse(flow?.time ?? ''));
    expect(JSON.parse(named[3]?.data ?? '')).toMatchObject({
      cost: { queries: expect.any(Number) },
    });
  });

  test('live needs something to follow', async () => {
    const { status, body } = await api.get('/api/v1/flows', { accept: 'text/event-stream' });
    expect([status, body.code]).toEqual([400, 'input/invalid']);
  });

  test.each(['x', '1', 'abc-def', `${'9'.repeat(30)}-x`])(
    'last-event-id %s is refused',
    async (id) => {
      const headers = { accept: 'text/event-stream', 'last-event-id': id };
      const { status, body } = await api.get('/api/v1/flows?follow=false', headers);
      expect([status, body.field]).toEqual([400, 'last-event-id']);
    },
  );
});

describe('one flow', () => {
  test('by its uuid', async () => {
    const flow = flows.find((each) => each.flow?.verdict === Verdict.numbers.DROPPED)?.flow;
    const { status, body } = await api.get(`/api/v1/flows/${flow?.uuid?.toUpperCase()}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      uuid: flow?.uuid,
      observations: [{ cluster: 'test', response: { flow: { verdict: 'DROPPED' } } }],
      coverage: null,
      cost: { queries: 1 },
    });
  });

  test('none of that uuid, and what is no uuid', async () => {
    const none = await api.get('/api/v1/flows/00000000-0000-4000-8000-000000000000');
    expect([none.status, none.body.code]).toEqual([404, 'input/not-found']);
    expect((await api.get('/api/v1/flows/nope')).status).toBe(400);
    expect((await api.get(`/api/v1/flows/${encodeURIComponent("' OR 1=1 --")}`)).status).toBe(400);
  });
});
