// The client of a server keeps the contract (against CLICKHOUSE_URL when it is set, else a front over chDB), and sorts
// what goes wrong between it and the server.
import { rejects } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMigrations } from '../../../../src/store/migrate.ts';
import { type ClickhouseFront, startFront } from '../../../engines/clickhouse-front.ts';
import { flowBlock } from '../../../engines/flow-rows.ts';
import { numberOf, openStore, rowsOf } from '../../../engines/stores.ts';
import { LIMITS, storeContract } from '../../../support/store/contract.ts';

const versions = (await loadMigrations()).map(({ version }) => version);

const directory = mkdtempSync(join(tmpdir(), 'parallax-front-'));
const given = process.env.CLICKHOUSE_URL;
let front: ClickhouseFront;
const passwordFile = join(directory, 'password');

beforeAll(async () => {
  writeFileSync(passwordFile, 'se:cret\n');
  front = await startFront({ path: join(directory, 'data'), user: 'px', password: 'se:cret' });
});
afterAll(async () => {
  await front.close();
  rmSync(directory, { recursive: true, force: true });
});

const access = () => ({ url: front.url, username: 'px', passwordFile, database: 'parallax' });

storeContract(given === undefined ? 'server (front over chDB)' : `server at ${given}`, {
  open: () =>
    openStore({
      kind: 'clickhouse',
      clickhouse:
        given === undefined ? access() : { url: given, database: `parallax_${process.pid}` },
      reader: LIMITS,
    }),
  close: async () => {},
});

describe('between us and the server', () => {
  const open = (more = {}) =>
    openStore({ kind: 'clickhouse', clickhouse: { ...access(), ...more } });

  test('two processes that migrate at once leave one of each', async () => {
    const database = 'at_once';
    const stores = await Promise.all(
      [1, 2, 3].map(() =>
        openStore({ kind: 'clickhouse', clickhouse: { ...access(), database } }, { tables: false }),
      ),
    );
    await Promise.all(stores.map(({ store }) => store.migrate()));
    const store = stores[0]?.store;
    if (store === undefined) throw new Error('no store');
    const sql =
      'SELECT version, count() FROM parallax_migrations GROUP BY version ORDER BY version';
    expect(await rowsOf(store, sql)).toEqual(versions.map((version) => [version, '1']));
    expect(await store.migrate()).toEqual({ migrations: [], adjustments: [] });
    await Promise.all(stores.map(({ stop }) => stop()));
  });

  test('a dry run of an empty server makes nothing', async () => {
    const database = 'dry';
    const { store, stop } = await openStore(
      { kind: 'clickhouse', clickhouse: { ...access(), database } },
      { tables: false },
    );
    const report = await store.migrate({ dryRun: true });
    expect(report.migrations.map(({ version }) => version)).toEqual(versions);
    expect(report.migrations[1]?.statements[0]).toMatch(/^CREATE TABLE IF NOT EXISTS flows/);
    await stop();
    const { store: other, stop: stopOther } = await open();
    const sql = `SELECT count() FROM system.databases WHERE name = 'dry'`;
    expect(await numberOf(other, sql)).toBe(0);
    await stopOther();
  });

  test('refused inserts may be tried again, and then store once', async () => {
    const { store, stop } = await open();
    const block = flowBlock({ rows: 50, mark: 'refused' });
    const insert = () => store.insert(block, { token: 'refused' });
    for (const how of [252, 241, 242, 202, 'cut'] as const) {
      front.refuse({ how });
      await rejects(insert(), { code: 'store/unavailable', retriable: true });
      expect(store.health()).toMatchObject({ state: 'degraded' });
    }
    front.refuse({ how: 60 });
    await rejects(insert(), { code: 'store/rejected', retriable: false });
    front.refuse(undefined);
    await insert();
    await insert();
    expect(store.health()).toEqual({ state: 'ok' });
    expect(await numberOf(store, `SELECT count() FROM flows WHERE relay = 'refused'`)).toBe(50);
    await stop();
  });

  test('a server that does not answer counts as unavailable', async () => {
    const { store, stop } = await open({ requestTimeout: '300ms' });
    front.refuse({ how: 'hang' });
    const block = flowBlock({ rows: 5, mark: 'hang' });
    await rejects(store.insert(block, { token: 'hang' }), { code: 'store/unavailable' });
    front.refuse(undefined);
    await stop();
  });

  test('inserts may go compressed', async () => {
    const { store, stop } = await open({ compression: 'gzip' });
    await store.insert(flowBlock({ rows: 5000, mark: 'gzip' }), { token: 'gzip' });
    expect(await numberOf(store, `SELECT count() FROM flows WHERE relay = 'gzip'`)).toBe(5000);
    await stop();
  });

  test('readers’ limits go with every query', async () => {
    const { store, stop } = await open();
    await rowsOf(store, 'SELECT 1');
    expect(front.lastSettings).toMatchObject({
      readonly: '2',
      max_execution_time: '30',
      max_memory_usage: String(1024 ** 3),
      max_rows_to_read: '2000000000',
    });
    await stop();
  });

  test('a wrong password is said at the start, without the password', async () => {
    const wrong = openStore({
      kind: 'clickhouse',
      clickhouse: { url: front.url, username: 'px', password: 'guessed' },
    });
    const error = await wrong.then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'store/rejected' });
    expect(`${error?.message}${error?.stack}`).not.toContain('guessed');
  });

  test('nobody at the address: unavailable, after waiting as long as configured', async () => {
    const port = await freePort();
    const started = performance.now();
    await rejects(
      openStore({
        kind: 'clickhouse',
        clickhouse: { url: `http://127.0.0.1:${port}`, startTimeout: '700ms' },
      }),
      { code: 'store/unavailable', message: /127\.0\.0\.1/ },
    );
    expect(performance.now() - started).toBeGreaterThan(600);
  });

  test('a server that comes up late is waited for', async () => {
    const port = await freePort();
    const opening = openStore(
      { kind: 'clickhouse', clickhouse: { ...access(), url: `http://127.0.0.1:${port}` } },
      { tables: false },
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const relay = createServer((socket) => {
      socket.destroy();
    });
    await new Promise<void>((resolve) => relay.listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => relay.close(resolve));
    const proxy = await forward(port, new URL(front.url).port);
    const { stop } = await opening;
    await stop();
    proxy();
  });

  test('TLS files that miss their other half are refused', async () => {
    const broken = (tls: object) => rejects(open({ tls }), { code: 'config/invalid' });
    await broken({ certFile: 'x.pem' });
    await broken({ caFile: join(directory, 'missing.pem') });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Passes connections on; the function returned ends it. */
async function forward(port: number, to: string): Promise<() => void> {
  const { connect } = await import('node:net');
  const server = createServer((socket) => {
    const other = connect(Number(to), '127.0.0.1');
    socket.pipe(other).pipe(socket);
    socket.on('error', () => other.destroy());
    other.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => server.close();
}
