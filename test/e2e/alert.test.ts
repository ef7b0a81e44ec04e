// Alerts with the built program: the story's denial reaches a webhook once, and under SIGKILL at random moments no
// incident is missed and every repetition carries the key of the first.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { openStore } from '../engines/stores.ts';
import { isSigned, type Receiver, receiver, SECRET } from '../engines/webhook.ts';
import { store } from '../support/alert/harness.ts';
import type { Child } from '../support/e2e/child.ts';
import { commandOf, objects } from '../support/e2e/command.ts';
import { addressOf, callerOf, denialsRelay } from '../support/e2e/denials.ts';
import { Front } from '../support/e2e/front.ts';
import { metric } from '../support/e2e/metrics.ts';
import { buildProgram, type Program } from '../support/e2e/program.ts';
import { Role } from '../support/e2e/role.ts';
import { dice, someSeed } from '../support/e2e/seeded.ts';
import { Simulator } from '../support/e2e/simulator.ts';

const WITHIN_MS = 120_000;
const KILLS = 8;
const DENIALS = { count: 300, rate: 15 };

let program: Program;
let directory: string;
let hook: Receiver;
const children: Child[] = [];
const roles: Role[] = [];

beforeAll(async () => {
  program = await buildProgram();
  directory = await mkdtemp(join(tmpdir(), 'parallax-alert-'));
});
afterEach(async () => {
  for (const role of roles.splice(0)) await role.kill();
  for (const child of children.splice(0)) await child.kill();
  await hook.stop();
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  await program.remove();
});

async function up(name: string, config: object, webhook: object = {}): Promise<Role> {
  hook = await receiver();
  const role = new Role({
    name,
    program,
    directory,
    command: ['up', '--quiet'],
    config: {
      store: { chdb: { path: join(directory, name), cache: '64MiB' } },
      api: { listen: '127.0.0.1:0' },
      log: { level: 'info', format: 'json' },
      alert: {
        webhooks: [
          { name: 'hook', url: hook.url, secret: SECRET, retry: { max: '1s' }, ...webhook },
        ],
      },
      ...config,
    },
  });
  roles.push(role);
  onTestFailed(() => console.log(role.child.tail(60)));
  return role;
}

/** Keys of what was posted, by who is denied. */
function keysByCaller({ received }: Receiver): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>();
  for (const { event, key } of received) {
    const caller = event.incident.source.text.replace('farfaraway/', '');
    keys.set(caller, (keys.get(caller) ?? new Set()).add(key));
  }
  return keys;
}

describe('parallax alert', () => {
  test('tells of what writers store in a server, and goes on when that was away', async () => {
    hook = await receiver();
    const front = await Front.create(directory);
    await front.start();
    const server = { kind: 'clickhouse', clickhouse: { url: front.url } } as const;
    const role = new Role({
      name: 'alert',
      program,
      directory,
      command: ['alert'],
      config: {
        store: server,
        api: { listen: '127.0.0.1:0' },
        alert: { webhooks: [{ name: 'hook', url: hook.url, secret: SECRET }] },
      },
    });
    roles.push(role);
    onTestFailed(() => console.log(role.child.tail(60)));
    try {
      await role.start();
      const deny = async (incident: bigint) => {
        const writer = await openStore(server);
        await store(writer.store, [{ incident, at: Date.now() }]);
        await writer.stop();
      };
      const posts = (count: number) =>
        role.child.until(`${count} posts`, WITHIN_MS, () => hook.received.length >= count);
      await deny(1n);
      await posts(1);
      expect((await fetch(`${role.url}/readyz`)).status).toBe(200);
      await front.kill();
      await role.child.logged('incident evaluation failed');
      await front.start();
      await deny(2n);
      await posts(2);
      expect(hook.received.map(({ event }) => Number(event.incident.id))).toEqual([1, 2]);
      const delivered = () => metric(role.url, 'parallax_alert_delivered_total');
      await role.child.until('both written down', WITHIN_MS, async () => (await delivered()) === 2);
      expect(await role.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await role.kill();
      await front.stop();
    }
  });
});

describe('parallax up', () => {
  test('posts the story’s incident once, and tells it in the feed', async () => {
    const role = await up('story', {});
    await role.start();
    const story = () =>
      hook.received.filter(
        ({ event: { incident } }) => incident.source.text === 'farfaraway/xwing',
      );
    await role.child.until('the story being posted', WITHIN_MS, () => story().length > 0);
    // Long enough for the denial to happen again, several times.
    await sleep(15_000);
    expect(story().map(({ event: { event, incident } }) => [event, incident.text])).toEqual([
      [
        'new',
        expect.stringMatching(
          /^liz-cm-gke-5 farfaraway\/xwing → liz-cm-eks-6 farfaraway\/rebel-base TCP:80, INGRESS/,
        ),
      ],
    ]);
    const [post] = story();
    expect(post && isSigned(post)).toBe(true);
    expect(post?.event.incident).toMatchObject({
      cluster: 'liz-cm-eks-6',
      verdict: 'DROPPED',
      direction: 'INGRESS',
      reason: 'POLICY_DENIED',
      port: 80,
    });
    const response = await fetch(`${role.url}/api/v1/incidents/events?workload=xwing&event=new`);
    const page = (await response.json()) as { readonly events: readonly object[] }; // its schema
    expect(page.events).toEqual([post?.event]);
    const parallax = commandOf(program, directory);
    const place = ['--data-dir', join(directory, 'story')];
    const listed = async () =>
      objects((await parallax('alert', 'deliveries', '-o', 'ndjson', ...place)).stdout);
    const delivered = { receiver: 'hook', state: 'delivered', key: post?.key };
    // Beside the running process, which has the directory open.
    expect(await listed()).toContainEqual(expect.objectContaining(delivered));
    const again = await parallax('alert', 'redeliver', post?.key ?? '', ...place);
    expect(again).toMatchObject({ code: 0, stdout: '1 event queued for delivery\n' });
    await role.child.until('it told again', WITHIN_MS, () => story().length === 2);
    expect(story().map(({ key }) => key)).toEqual([post?.key, post?.key]);
    const unknown = await parallax('alert', 'redeliver', 'f'.repeat(32), ...place);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain(`no delivery of ${'f'.repeat(32)}`);
    expect(await role.stop()).toEqual({ code: 0, signal: null });
    expect(await listed()).toContainEqual(expect.objectContaining(delivered));
  });

  test('killed at random moments misses no incident and repeats none under another key', async () => {
    const random = dice(someSeed());
    console.log(`seed ${random.seed}`);
    const relay = denialsRelay({ program, directory, ...DENIALS });
    const load = new Simulator({
      program,
      directory,
      name: 'load',
      seed: random.seed,
      rate: 500,
      count: 20_000,
    });
    children.push(relay, load.child);
    const clusters = [
      { name: 'alliance', relay: await addressOf(relay) },
      { name: 'load-1', relay: (await load.started())[0] },
    ];
    const role = await up(
      'killed',
      { clusters },
      { filter: { toWorkload: ['farfaraway/rebel-base'] } },
    );
    // It does not always take what it is sent.
    hook.answer((_, response) => {
      if (random.chance(0.1)) response.destroy();
      else response.writeHead(random.chance(0.2) ? 503 : 200).end();
    });
    await role.start();
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(random.between(300, 3000));
      await role.kill();
      const child = role.launch();
      // Killed again while it starts, now and then.
      if (random.chance(0.7)) await child.logged('running', WITHIN_MS);
    }
    if (!role.running) role.launch();
    hook.answer((_, response) => void response.writeHead(200).end());
    const missing = () => {
      const keys = keysByCaller(hook);
      return Array.from({ length: DENIALS.count }, (_, index) => callerOf(index)).filter(
        (caller) => !keys.has(caller),
      );
    };
    await role.child.until('every incident being posted', WITHIN_MS, () => missing().length === 0);
    const keys = keysByCaller(hook);
    expect(keys.size).toBe(DENIALS.count);
    expect([...keys].filter(([, each]) => each.size !== 1)).toEqual([]);
    expect(hook.received.every((each) => isSigned(each))).toBe(true);
    console.log(`${role.kills} kills, ${DENIALS.count} incidents, ${hook.received.length} posts`);
    expect(role.kills).toBe(KILLS);
  });
});
