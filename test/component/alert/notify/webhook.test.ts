// Webhooks over a real log and real HTTP: signed, at least once, again after a failure or a kill under the same key, and
// none waits for another.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Ledger } from '../../../../src/alert/notify/ledger.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { isSigned, type Receiver, receiver, SECRET } from '../../../engines/webhook.ts';
import {
  alertStore,
  logOf,
  MINUTE,
  ownClock,
  store,
  until,
  watch,
} from '../../../support/alert/harness.ts';

const opened = alertStore();
const receivers: Receiver[] = [];

afterEach(async () => {
  for (const each of receivers.splice(0)) await each.stop();
});

async function listen(port?: number): Promise<Receiver> {
  const each = await receiver(port);
  receivers.push(each);
  return each;
}

const FAST = { retry: { initial: '20ms', max: '100ms' } };
const hook = (name: string, url: string, more: object = {}) => ({
  name,
  url,
  secret: SECRET,
  ...FAST,
  ...more,
});
const got = (from: Receiver, count: number) =>
  until(
    `${count} posts`,
    () => from.received.length,
    (length) => length >= count,
  );
const states = async () =>
  (
    await rowsOf(
      opened.store,
      `SELECT receiver, state, reason FROM deliveries WHERE key != '' ORDER BY receiver, sequence`,
    )
  ).map((row) => row.join(' ').trim());

describe('a webhook', () => {
  test('gets a new incident once, signed, with its key', async () => {
    const to = await listen();
    const clock = ownClock();
    await opened.start(clock, {
      webhooks: [hook('one', to.url, { headers: { Authorization: 'Bearer x' } })],
    });
    await store(opened.store, [{ at: clock.now(), count: 3 }]);
    await got(to, 1);
    await until('the delivery', states, (rows) => rows.join() === 'one delivered');
    await sleep(100);
    expect(to.received).toHaveLength(1);
    const [post] = to.received;
    const [row] = await logOf(opened.store);
    expect(post && isSigned(post)).toBe(true);
    expect(post && isSigned({ ...post, body: `${post.body} ` })).toBe(false);
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': row?.key,
      authorization: 'Bearer x',
    });
    expect(post?.event).toEqual(JSON.parse(row?.document ?? ''));
    expect(post?.event).toMatchObject({ key: row?.key, event: 'new', incident: { count: 3 } });
  });

  test('gets only what it asked for', async () => {
    const [all, ours, audited] = [await listen(), await listen(), await listen()];
    const clock = ownClock();
    const at = clock.now();
    const webhooks = [
      hook('all', all.url, { events: ['new', 'resolved'] }),
      hook('ours', ours.url, { filter: { toWorkload: ['*/rebel-base'], not: { port: [443] } } }),
      hook('audited', audited.url, { filter: { verdict: ['AUDIT'] } }),
    ];
    await opened.start(clock, { webhooks, quiet: '1m' });
    await store(opened.store, [
      { incident: 1n, at },
      { incident: 2n, at, port: 443 },
      { incident: 3n, at, verdict: 4 },
    ]);
    await got(all, 2);
    await got(ours, 1);
    await got(audited, 1);
    await watch(opened.store, 'east', at, at + 5 * MINUTE);
    clock.ahead(5 * MINUTE);
    await got(all, 4);
    const of = ({ received }: Receiver) =>
      received
        .map(({ event }) => `${event.event} ${Number.parseInt(event.incident.id, 16)}`)
        .sort();
    expect(of(all)).toEqual(['new 1', 'new 2', 'resolved 1', 'resolved 2']);
    expect(of(ours)).toEqual(['new 1']);
    expect(of(audited)).toEqual(['new 3']);
  });

  test('is tried again until it takes the event, and told when to come back', async () => {
    const to = await listen();
    to.answer((_, response) => {
      const { length } = to.received;
      if (length === 1) response.writeHead(500).end();
      else if (length === 2) response.writeHead(307, { location: `${to.url}/other` }).end();
      else if (length === 3) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.writeHead(200).end('x'.repeat(1 << 20));
    });
    const clock = ownClock();
    const alerts = await opened.start(clock, { webhooks: [hook('one', to.url)] });
    await store(opened.store, [{ at: clock.now() }]);
    await got(to, 4);
    await until('the delivery', states, (rows) => rows.join() === 'one delivered');
    expect(new Set(to.received.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
    expect(to.received.every((each) => isSigned(each))).toBe(true);
    const [, , third, fourth] = to.received;
    expect((fourth?.atMs ?? 0) - (third?.atMs ?? 0)).toBeGreaterThanOrEqual(900);
    // Counted once it is written down.
    const text = await until(
      'the count',
      () => alerts.registry.metrics(),
      (seen) => seen.includes('parallax_alert_delivered_total{receiver="one"} 1'),
    );
    expect(text).toContain('parallax_alert_attempts_total{receiver="one",outcome="failed"} 3');
  });

  test('that is dead or hangs delays no other, and gets all of it when it is back', async () => {
    const gone = await receiver();
    await gone.stop();
    const hangs = await listen();
    hangs.answer(() => {});
    const well = await listen();
    const clock = ownClock();
    const alerts = await opened.start(clock, {
      webhooks: [
        hook('gone', gone.url, { held: 5 }),
        hook('hangs', hangs.url, { timeout: '300ms', concurrency: 1 }),
        hook('well', well.url),
      ],
    });
    const count = 40;
    for (let i = 0; i < count; i++) {
      await store(opened.store, [{ incident: BigInt(i + 1), at: clock.now() }]);
      await got(well, i + 1);
    }
    // The others kept nothing back: one has had no event, one has answered none.
    expect(new Set(well.received.map(({ body }) => body)).size).toBe(count);
    expect(gone.received).toEqual([]);
    expect(hangs.received.length).toBeGreaterThan(0);
    expect(await alerts.registry.metrics()).toContain(
      'parallax_alert_held_events{receiver="gone"} 5',
    );
    const back = await listen(Number(new URL(gone.url).port));
    await until(
      'all of them',
      () => new Set(back.received.map(({ key }) => key)).size,
      (size) => size === count,
    );
    expect(back.received).toHaveLength(count);
  });

  test('an event it refuses, or fails to take for too long, is given up with the reason, and told again on demand', async () => {
    const [refuses, fails] = [await listen(), await listen()];
    refuses.answer((_, response) => void response.writeHead(422).end());
    fails.answer((_, response) => void response.writeHead(503).end());
    const clock = ownClock();
    const webhooks = [hook('refuses', refuses.url), hook('fails', fails.url, { maxAttempts: 3 })];
    await opened.start(clock, { webhooks });
    await store(opened.store, [{ at: clock.now() }]);
    const dead = ['fails dead status 503; attempts: 3', 'refuses dead status 422'];
    await until('both to be given up', states, (rows) => rows.join() === dead.join());
    expect([refuses.received.length, fails.received.length]).toEqual([1, 3]);
    refuses.answer((_, response) => void response.writeHead(200).end());
    const ledger = new Ledger(opened.store);
    const { signal } = new AbortController();
    const [delivery] = await ledger.latest({ receiver: 'refuses', limit: 10 }, signal);
    if (delivery === undefined) throw new Error('no delivery');
    await ledger.write([{ ...delivery, state: 'again' }], Date.now());
    await got(refuses, 2);
    expect(refuses.received[1]?.key).toBe(refuses.received[0]?.key);
    await until(
      'its delivery',
      () => ledger.latest({ receiver: 'refuses', limit: 10 }, signal),
      ([first]) => first?.state === 'delivered',
    );
    await sleep(300);
    expect(refuses.received).toHaveLength(2);
  });

  test('events that are too old are given up', async () => {
    const gone = await receiver();
    await gone.stop();
    const clock = ownClock();
    const alerts = await opened.start(clock, {
      webhooks: [hook('gone', gone.url, { maxAge: '1h', held: 1 })],
    });
    await store(
      opened.store,
      [1n, 2n].map((incident) => ({ incident, at: clock.now() })),
    );
    await until(
      'an attempt',
      () => alerts.registry.metrics(),
      (text) => text?.includes('outcome="failed"') === true,
    );
    clock.ahead(61 * MINUTE);
    const rows = await until('both to be given up', states, (all) => all.length === 2);
    expect(rows[0]).toMatch(
      /^gone dead too old; attempts: \d+, the last: no connection \(ECONNREFUSED\)$/,
    );
    expect(rows[1]).toBe('gone dead too old before the first attempt');
  });
});

describe('after a restart', () => {
  test('what was not taken is told, under the same key, and what was taken is not', async () => {
    const to = await listen();
    const clock = ownClock();
    const settings = { webhooks: [hook('one', to.url)] };
    let alerts = await opened.start(clock, settings);
    await store(opened.store, [{ incident: 1n, at: clock.now() }]);
    await got(to, 1);
    to.answer((_, response) => void response.destroy());
    await store(opened.store, [{ incident: 2n, at: clock.now() }]);
    await got(to, 3);
    await alerts.stop();
    await store(opened.store, [{ incident: 3n, at: clock.now() }]);
    to.answer((_, response) => void response.writeHead(200).end());
    const before = to.received.length;
    alerts = await opened.start(clock, settings);
    await got(to, before + 2);
    await sleep(300);
    const after = to.received
      .slice(before)
      .map(({ event }) => Number.parseInt(event.incident.id, 16));
    expect(after.sort()).toEqual([2, 3]);
    const keys = new Set(to.received.map(({ key }) => key));
    expect(keys.size).toBe(3);
  });

  test('a receiver that is new hears of nothing before its start', async () => {
    const [first, second] = [await listen(), await listen()];
    const clock = ownClock();
    let alerts = await opened.start(clock, { webhooks: [hook('first', first.url)] });
    await store(opened.store, [{ incident: 1n, at: clock.now() }]);
    await got(first, 1);
    await alerts.stop();
    const webhooks = [hook('first', first.url), hook('second', second.url)];
    alerts = await opened.start(clock, { webhooks });
    await store(opened.store, [{ incident: 2n, at: clock.now() }]);
    await got(second, 1);
    await got(first, 2);
    await sleep(200);
    expect(second.received.map(({ event }) => Number.parseInt(event.incident.id, 16))).toEqual([2]);
  });

  test('a secret in a file is read for each attempt; without the file the role does not start', async () => {
    const to = await listen();
    const clock = ownClock();
    const secretFile = join(opened.directory, 'secret');
    const { secret: _, ...unsigned } = hook('one', to.url);
    const webhooks = [{ ...unsigned, secretFile }];
    await expect(opened.start(clock, { webhooks })).rejects.toMatchObject({
      code: 'config/invalid',
      message: expect.stringContaining('one: secretFile'),
    });
    writeFileSync(secretFile, 'the first of two secrets\n');
    await opened.start(clock, { webhooks });
    await store(opened.store, [{ incident: 1n, at: clock.now() }]);
    await got(to, 1);
    writeFileSync(secretFile, 'the second of two secrets\n');
    await store(opened.store, [{ incident: 2n, at: clock.now() }]);
    await got(to, 2);
    const [first, second] = to.received;
    expect(first && isSigned(first, 'the first of two secrets')).toBe(true);
    expect(second && isSigned(second, 'the second of two secrets')).toBe(true);
  });
});

describe('two evaluators at once', () => {
  test('tell the same under the same keys', async () => {
    const to = await listen();
    const clock = ownClock();
    const settings = { webhooks: [hook('one', to.url)], quiet: '1m' };
    for (let evaluator = 0; evaluator < 2; evaluator++) await opened.start(clock, settings);
    const at = clock.now();
    for (let i = 1; i <= 20; i++) await store(opened.store, [{ incident: BigInt(i), at }]);
    const keys = () => new Set(to.received.map(({ key }) => key)).size;
    await until('all of them', keys, (size) => size >= 20);
    await sleep(500);
    expect(keys()).toBe(20);
    expect(to.received.length).toBeLessThanOrEqual(40);
    await watch(opened.store, 'east', at, at + 5 * MINUTE);
    clock.ahead(5 * MINUTE);
    const resolved = await until(
      'the end of all',
      () => logOf(opened.store),
      (rows) => rows.filter(({ kind }) => kind === 'resolved').length >= 20,
    );
    expect(new Set(resolved.map(({ key }) => key)).size).toBe(40);
  });
});

test('nothing of the address or the secrets is logged or shown when a receiver fails', async () => {
  const server = http.createServer((_, response) => response.writeHead(500).end('secret-answer'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const clock = ownClock();
  const url = `http://127.0.0.1:${port}/token-in-the-path`;
  try {
    const alerts = await opened.start(clock, {
      webhooks: [hook('one', url, { maxAttempts: 1 })],
    });
    await store(opened.store, [{ at: clock.now() }]);
    const rows = await until('it to be given up', states, (all) => all.length === 1);
    expect(rows).toEqual(['one dead status 500; attempts: 1']);
    const lines = await until(
      'its line in the log',
      () => alerts.lines.join(''),
      (all) => all.includes('event given up'),
    );
    const text = `${await alerts.registry.metrics()}${lines}`;
    for (const word of ['token-in-the-path', SECRET, 'secret-answer'])
      expect(text).not.toContain(word);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
