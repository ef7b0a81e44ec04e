// Deliveries asked of a running server: who may, what is told, and that what is asked again is told again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeliveryService } from '../../../../src/alert/notify/delivery-service.ts';
import { type DeliveryState, Ledger } from '../../../../src/alert/notify/ledger.ts';
import type { Tokens } from '../../../../src/api/auth.ts';
import { apiConfig } from '../../../../src/api/config.ts';
import { createHttpServer, type HttpServer } from '../../../../src/api/http/server.ts';
import { apiDeliveries } from '../../../../src/cli/alert/deliveries.ts';
import { deliveriesAnswer } from '../../../../src/cli/alert/print.ts';
import { ApiClient } from '../../../../src/cli/client/client.ts';
import { httpTransport } from '../../../../src/cli/client/transport.ts';
import { FORMATS } from '../../../../src/cli/output/format.ts';
import { render } from '../../../../src/cli/output/render.ts';
import { PLAIN } from '../../../../src/cli/output/screen.ts';
import { createOverview } from '../../../../src/query/catalogue/overview.ts';
import type { Scope } from '../../../../src/query/read/scope.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { never, openStore, type TestStore } from '../../../engines/stores.ts';
import { checkDocument } from '../../../support/query/checked.ts';

const key = (n: number) => n.toString(16).padStart(32, '0');
const SCOPES: Readonly<Record<string, Scope | undefined>> = {
  all: undefined,
  empty: {},
  cluster: { clusters: ['east'] },
  namespace: { namespaces: ['shop'] },
};
/** Whoever shows the name of a scope has it. */
const tokens: Tokens = {
  needed: true,
  principalOf: (authorization) => {
    const name = authorization?.replace('Bearer ', '') ?? '';
    return { name, scope: SCOPES[name] };
  },
};
let opened: TestStore;
let directory: string;
let server: HttpServer;
let url: string;
const log: Record<string, unknown>[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parallax-desk-'));
  opened = await openStore({ chdb: { path: join(directory, 'data') } });
  const { store } = opened;
  const config = apiConfig.parse({ listen: '127.0.0.1:0' });
  server = createHttpServer({
    ...{ config, store, tokens, clock: systemClock, registry: new Registry() },
    check: checkDocument,
    logger: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    clusters: () => [],
    overview: createOverview({ store, clock: systemClock, version: '1', config }),
    deliveries: createDeliveryService(store, systemClock),
    health: () => ({ phase: 'running', state: 'ok', components: [] }),
  });
  await server.start(never);
  url = server.address() ?? '';
  const ledger = new Ledger(store);
  const row = (n: number, state: DeliveryState, receiver = 'on-call') => ({
    ...{ receiver, sequence: BigInt(n), state, key: key(n), incident: BigInt(n) },
    ...{ kind: 'new' as const, attempts: 3, status: 500, reason: 'status 500' },
  });
  await ledger.write([row(1, 'dead'), row(2, 'delivered')], Date.now() - 3000);
  await ledger.write([row(3, 'dead', 'chat')], Date.now() - 2000);
});
afterAll(async () => {
  await server.stop(AbortSignal.timeout(1000));
  await opened.stop();
  rmSync(directory, { recursive: true, force: true });
});

const post = async (body: unknown, token = 'all') => {
  const response = await fetch(`${url}/api/v1/alerts/deliveries:redeliver`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return [response.status, await response.json()] as const;
};

describe('deliveries', () => {
  test('a server tells what the store itself tells, in the same words', async () => {
    const direct = createDeliveryService(opened.store, systemClock);
    const remote = apiDeliveries(new ApiClient(httpTransport(url, { token: 'all' }), never));
    for (const question of [
      { limit: 20 },
      { limit: 1 },
      { limit: 20, state: 'dead' as const },
      { limit: 20, receiver: 'chat' },
      { limit: 20, receiver: 'nobody' },
    ]) {
      const wanted = await direct.list(question, never);
      const told = await remote.list(question, never);
      for (const format of FORMATS)
        expect(await render(deliveriesAnswer(told), format, PLAIN)).toBe(
          await render(deliveriesAnswer(wanted), format, PLAIN),
        );
    }
    expect((await remote.list({ limit: 20 }, never)).map((each) => each.key)).toEqual([
      key(3),
      key(1),
      key(2),
    ]);
  });

  test('are told again when they are asked for, and the log says by whom', async () => {
    const remote = apiDeliveries(new ApiClient(httpTransport(url, { token: 'all' }), never));
    const unknown = remote.redeliver({ keys: [key(9)], dead: false }, never);
    await expect(unknown).rejects.toMatchObject({
      code: 'input/not-found',
      message: `no delivery of ${key(9)}`,
    });
    expect(await remote.redeliver({ keys: [key(2)], dead: false }, never)).toMatchObject({
      again: 1,
      more: false,
    });
    const dead = { keys: [], dead: true, receiver: 'on-call' };
    expect(await remote.redeliver(dead, never)).toMatchObject({ again: 1, more: false });
    const again = await new Ledger(opened.store).again(never);
    expect([...again].map(([name, keys]) => [name, keys.toSorted()])).toEqual([
      ['on-call', [key(1), key(2)]],
    ]);
    await expect
      .poll(() => log.filter(({ route }) => String(route).endsWith(':redeliver')))
      .toContainEqual(
        expect.objectContaining({
          who: 'all',
          status: 200,
          asked: expect.stringContaining('dead'),
        }),
      );
  });

  test('only who may see everything may ask', async () => {
    for (const [token, status] of [
      ['all', 200],
      ['empty', 200],
      ['cluster', 403],
      ['namespace', 403],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      const listed = await fetch(`${url}/api/v1/alerts/deliveries`, { headers });
      expect([token, listed.status]).toEqual([token, status]);
      const [asked] = await post({ keys: [key(1)] }, token);
      expect([token, asked]).toEqual([token, status]);
    }
  });

  test.each([
    [{}, 'name 1 to 1000 `keys` of events'],
    [{ keys: [] }, 'keys: Too small'],
    [{ dead: false }, 'name 1 to 1000 `keys` of events'],
    [{ keys: ['x'] }, 'keys.0: expected the `key` of an event, 32 hex digits'],
    [{ dead: true, receivers: 'x' }, 'unknown parameter receivers'],
  ])('%j is refused', async (body, why) => {
    const [status, problem] = await post(body);
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'input/invalid', detail: expect.stringContaining(why) });
  });
});
