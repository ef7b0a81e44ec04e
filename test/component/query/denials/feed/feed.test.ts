// The feed of incidents over HTTP: live, from a place of the log, filtered, and with clients that take nothing.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiConfig } from '../../../../../src/api/config.ts';
import { createHttpServer, type HttpServer } from '../../../../../src/api/http/server.ts';
import { createOverview } from '../../../../../src/query/catalogue/overview.ts';
import { createFeed } from '../../../../../src/query/denials/feed/feed.ts';
import { encodeIncidentLog } from '../../../../../src/query/denials/feed/incident-log.ts';
import { scopedStore } from '../../../../../src/query/read/scope.ts';
import { systemClock } from '../../../../../src/runtime/clock.ts';
import { never } from '../../../../engines/stores.ts';
import { alertStore, logOf, ownClock, store, until } from '../../../../support/alert/harness.ts';

const opened = alertStore();
let server: HttpServer;
let registry: Registry;
const closing: (() => void)[] = [];
const clock = ownClock();

async function serve({
  feed = {},
  ...settings
}: {
  feed?: object;
  [setting: string]: unknown;
} = {}): Promise<void> {
  registry = new Registry();
  const config = apiConfig.parse({
    listen: '127.0.0.1:0',
    feed: { poll: '50ms', ...feed },
    ...settings,
  });
  const common = {
    config,
    registry,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    version: '0',
    store: opened.store,
  };
  server = createHttpServer({
    ...common,
    overview: createOverview(common),
    clusters: () => [],
    health: () => ({ phase: 'running', state: 'ok', components: [] }),
  });
  await server.start(never);
}

beforeEach(async () => {
  await opened.start(clock);
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await server.stop(AbortSignal.timeout(1000));
});

interface Sent {
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly key: string;
    readonly cursor: string;
    readonly incident: { readonly id: string };
  };
}

interface Follower {
  readonly events: readonly Sent[];
  readonly comments: readonly string[];
  readonly status: number;
  readonly body: string;
  ended: boolean;
  close(): void;
}

async function follow(query = '', headers: Record<string, string> = {}): Promise<Follower> {
  const over = new AbortController();
  const response = await fetch(`${server.address()}/api/v1/incidents/feed${query}`, {
    headers,
    signal: over.signal,
  });
  const events: Sent[] = [];
  const comments: string[] = [];
  const follower = {
    events,
    comments,
    status: response.status,
    body: response.ok ? '' : await response.text(),
    ended: false,
    close: () => over.abort(),
  };
  closing.push(follower.close);
  if (response.ok)
    void read(response, events, comments)
      .catch(() => {})
      .then(() => {
        follower.ended = true;
      });
  return follower;
}

async function read(response: Response, events: Sent[], comments: string[]): Promise<void> {
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith(':')) comments.push(part);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
      if (field('data') !== '')
        events.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) });
    }
  }
}

const deny = (...incidents: number[]) =>
  store(
    opened.store,
    incidents.map((each) => ({ incident: BigInt(each), at: clock.now() })),
  );
const numbers = ({ events }: Follower) =>
  events.map(({ data }) => Number.parseInt(data.incident.id, 16));
const sees = (follower: Follower, count: number) =>
  until(
    `${count} events`,
    () => follower.events.length,
    (length) => length >= count,
  );
const logged = (count: number) =>
  until(
    `${count} rows`,
    async () => (await logOf(opened.store)).length,
    (length) => length >= count,
  );
const page = async (query = '') => {
  const response = await fetch(`${server.address()}/api/v1/incidents/events${query}`);
  // What the route's schema says; the test asks for its parts.
  const body = (await response.json()) as {
    readonly events: readonly object[];
    readonly cursor: string;
    readonly end: boolean;
    readonly cost: { readonly queries: number };
  };
  return { status: response.status, body };
};

describe('the feed', () => {
  test('tells everyone of what happens from now on, and goes on where a client was', async () => {
    await serve();
    await deny(1);
    await logged(1);
    const [first, second] = [await follow(), await follow()];
    await sleep(200);
    await deny(2);
    await sees(first, 1);
    await sees(second, 1);
    first.close();
    await deny(3, 4);
    await sees(second, 3);
    const id = first.events[0]?.id ?? '';
    const back = await follow('', { 'last-event-id': id });
    await sees(back, 2);
    const also = await follow(`?cursor=${id}`);
    await sees(also, 2);
    await sleep(200);
    expect(numbers(first)).toEqual([2]);
    expect(numbers(second).sort()).toEqual([2, 3, 4]);
    expect(numbers(back).sort()).toEqual([3, 4]);
    expect(numbers(also).sort()).toEqual([3, 4]);
    const rows = await logOf(opened.store);
    for (const { id, event, data } of second.events) {
      const row = rows.find(({ key }) => key === data.key);
      expect([id, event, data.cursor]).toEqual([String(row?.sequence), 'new', id]);
      expect(data).toEqual(JSON.parse(row?.document ?? ''));
    }
  });

  test('begins at a moment, and leaves out what was not asked for', async () => {
    await serve();
    const port = (incident: bigint, port: number) => ({ incident, at: clock.now(), port });
    await store(opened.store, [port(1n, 80), port(2n, 443), { ...port(3n, 80), verdict: 4 }]);
    await logged(3);
    const all = await follow('?since=1h');
    await sees(all, 2);
    const some = await follow('?since=1h&port=443');
    await sees(some, 1);
    const other = await follow('?since=1h&not.port=443&workload=xwing');
    await sees(other, 1);
    const audited = await follow('?since=1h&verdict=AUDIT');
    await sees(audited, 1);
    const resolved = await follow('?since=1h&event=resolved');
    const none = await follow('?since=1h&to-namespace=kube-*');
    // Each of them leaves out what it finds, whatever the others do.
    const neither = await follow('?since=1h&not.port=443&not.cluster=nowhere');
    await sees(neither, 1);
    const without = await follow('?since=1h&not.workload=*&not.cluster=nowhere');
    await sleep(200);
    expect(
      [all, some, other, audited, resolved, none, neither, without].map((each) =>
        numbers(each).sort(),
      ),
    ).toEqual([[1, 2], [2], [1], [3], [], [], [1], []]);
  });

  test('says that it is alive, and refuses what it does not understand', async () => {
    await serve({ heartbeat: '100ms', maxStreams: 1 });
    for (const [query, field] of [
      ['?cursor=x', 'cursor'],
      ['?cursor=18446744073709551615', 'cursor'],
      ['?since=yesterday', 'since'],
      ['?port=http', 'port'],
      ['?not.port=99999', 'not.port'],
      ['?cross-cluster=maybe', 'cross-cluster'],
      ['?verdict=DENIED', 'verdict'],
      ['?from-peer=10.0.0.0/40', 'from-peer'],
      ['?namspace=a', 'namspace'],
      ['?event=old', 'event'],
    ]) {
      const { status, body } = await follow(query);
      expect([status, JSON.parse(body).field]).toEqual([400, field]);
    }
    const follower = await follow();
    await until(
      'two comments',
      () => follower.comments.length,
      (length) => length >= 2,
    );
    const refused = await follow();
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.body).code).toBe('query/busy');
    follower.close();
    await until(
      'room',
      () => registry.metrics(),
      (text) => /^parallax_feed_clients 0$/m.test(text),
    );
    expect((await follow()).status).toBe(200);
  });

  test('a client further behind than memory reaches gets all of it, once', async () => {
    await serve({ feed: { recent: 10 } });
    const from = await follow();
    await sleep(100);
    const all = Array.from({ length: 700 }, (_, i) => i + 1);
    await deny(...all);
    await sees(from, 700);
    const late = await follow('?since=1h');
    await sees(late, 700);
    await deny(1000);
    await sees(late, 701);
    await sees(from, 701);
    for (const each of [from, late])
      expect(numbers(each).toSorted((a, b) => a - b)).toEqual([...all, 1000]);
  });

  test('a client that takes nothing is cut off, and can go on from where it was', async () => {
    await serve({ slowReader: '300ms' });
    const url = new URL(server.address() ?? '');
    const socket = net.connect(Number(url.port), url.hostname);
    closing.push(() => socket.destroy());
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET /api/v1/incidents/feed?since=1h HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await deny(1);
    await logged(1);
    const well = await follow('?since=1h');
    const [row] = await logOf(opened.store);
    if (row === undefined) throw new Error('no row');
    let sent = 1;
    // More than the sockets' buffers hold.
    await until(
      'the cut',
      async () => {
        const text = JSON.stringify({ ...JSON.parse(row.document), filling: 'x'.repeat(100_000) });
        const rows = Array.from({ length: 20 }, (_, index) => ({
          ...row,
          sequence: row.sequence + BigInt(sent + index),
          key: `${row.key} ${sent + index}`,
          document: text,
        }));
        sent += rows.length;
        await opened.store.insert(encodeIncidentLog(rows), { token: `filling-${sent}` });
        return /^parallax_feed_clients 1$/m.test(await registry.metrics());
      },
      (cut) => cut,
    );
    await sees(well, sent);
    expect(well.ended).toBe(false);
    socket.resume();
    await until(
      'its end',
      () => closed,
      (is) => is,
    );
  });
});

test('who may read a namespace follows its incidents only', async () => {
  await serve();
  await deny(1);
  await logged(1);
  const over = new AbortController();
  closing.push(() => over.abort());
  const feed = createFeed({
    config: apiConfig.parse({ feed: { poll: '20ms' } }).feed,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    stopped: never,
  });
  /** Undefined when nothing came for a while. */
  const first = async (namespace: string) => {
    const quiet = AbortSignal.any([over.signal, AbortSignal.timeout(2000)]);
    const scope = { namespaces: [namespace] };
    const question = {
      store: scopedStore(opened.store, scope),
      scope: JSON.stringify(scope),
      after: 0n,
      wants: () => true,
    };
    for await (const { event } of feed.follow(question, quiet)) return event.incident.id;
    return undefined;
  };
  expect(await first('farfaraway')).toBe('0000000000000001');
  expect(await first('elsewhere')).toBeUndefined();
});

test('the log a page at a time', async () => {
  await serve();
  await deny(1, 2, 3);
  await logged(3);
  const first = await page('?limit=2');
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({ events: [{ event: 'new' }, { event: 'new' }], end: false });
  expect(first.body.cost.queries).toBe(1);
  const second = await page(`?limit=2&cursor=${first.body.cursor}`);
  expect(second.body.events).toHaveLength(1);
  expect(second.body.end).toBe(true);
  const third = await page(`?cursor=${second.body.cursor}`);
  expect(third.body).toMatchObject({ events: [], cursor: second.body.cursor, end: true });
  const none = await page('?port=443');
  expect(none.body).toMatchObject({ events: [], end: true });
  expect((await page('?limit=0')).status).toBe(400);
});
