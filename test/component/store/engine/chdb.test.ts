// The embedded engine keeps the contract, and what is its own: the lock, the spool, one process a directory.
import { rejects } from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readLock } from '../../../../src/store/engine/lock.ts';
import { flowBlock } from '../../../engines/flow-rows.ts';
import { numberOf, openStore } from '../../../engines/stores.ts';
import { LIMITS, storeContract } from '../../../support/store/contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'parallax-chdb-'));
const path = join(directory, 'data');

storeContract('chDB', {
  open: () => openStore({ chdb: { path }, reader: LIMITS }),
  close: async () => {},
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the lock tells who has the directory, and is gone afterwards', async () => {
  const { store, stop } = await openStore({ chdb: { path } });
  expect(await readLock(path)).toMatchObject({ pid: process.pid });
  await store.setApiAddress('http://127.0.0.1:4245');
  expect(await readLock(path)).toMatchObject({ api: 'http://127.0.0.1:4245' });
  await rejects(
    openStore({ chdb: { path } }),
    /process \d+ has .* ask it at http:\/\/127\.0\.0\.1:4245/,
  );
  await stop();
  expect(await readLock(path)).toBeUndefined();
});

test('spool files do not stay, not even those of a killed process', async () => {
  const spool = join(path, 'spool');
  writeFileSync(join(spool, '7.native'), 'left behind');
  const { store, stop } = await openStore({ chdb: { path } });
  await store.insert(flowBlock({ rows: 10, mark: 'spool' }), { token: 'spool' });
  expect(readdirSync(spool)).toEqual([]);
  await stop();
});

test('retention, window and fsync follow the configuration', async () => {
  const described = async (config: Parameters<typeof openStore>[0]) => {
    const { store, stop } = await openStore({ ...config, chdb: { path } });
    const sql = `SELECT count() FROM system.tables WHERE database = 'parallax' AND name IN ('flows', 'events')
      AND engine_full LIKE {like:String}`;
    const like = async (text: string) => numberOf(store, sql, { like: `%${text}%` });
    const found = {
      week: await like('TTL toDateTime(received_at) + toIntervalSecond(604800)'),
      ttl: await like('TTL '),
      window: await like('non_replicated_deduplication_window = 500'),
      fsync: await like('fsync_after_insert = 1, fsync_part_directory = 1'),
    };
    expect(await store.migrate()).toEqual({ migrations: [], adjustments: [] });
    await stop();
    return found;
  };
  expect(await described({ retention: '7d', deduplicationWindow: 500, fsync: true })).toEqual({
    week: 2,
    ttl: 2,
    window: 2,
    fsync: 2,
  });
  expect(await described({ retention: '0d' })).toEqual({ week: 0, ttl: 0, window: 0, fsync: 0 });
});

test('stopping ends a query that would run on', async () => {
  const { store, stop } = await openStore({ chdb: { path } });
  const query = numberOf(
    store,
    'SELECT sum(sleepEachRow(0.1)) FROM numbers(200) SETTINGS max_block_size = 1',
  );
  const ended = rejects(query, /closed while a query ran|not open/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await store.stop(AbortSignal.timeout(200));
  // The query takes 20 s: to be refused it must have been ended.
  await ended;
  await stop();
});

// Out of time within an answer, the engine ends the stream as if it were whole.
test('an answer cut off by time is an error, never a shorter answer', async () => {
  const { store, stop } = await openStore({
    chdb: { path },
    reader: { maxExecutionTime: '500ms' },
  });
  const read = async (sql: string, pauseMs: number) => {
    let rows = 0;
    for await (const _ of store.query(sql, {})) {
      if (rows++ === 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return rows;
  };
  await rejects(read('SELECT number FROM numbers(3000000)', 700), { code: 'store/limit' });
  // An answer the engine has given wholly is whole, however slow its reader.
  expect(await read('SELECT number FROM numbers(1000)', 700)).toBe(1000);
  await stop();
});

test('a reader that stops asking does not hold up the end', async () => {
  const { store, stop } = await openStore({ chdb: { path } });
  const rows = store.query('SELECT number FROM numbers(50000000)', {})[Symbol.asyncIterator]();
  await rows.next();
  await store.stop(AbortSignal.timeout(100));
  await stop();
  const again = await openStore({ chdb: { path } });
  expect(await numberOf(again.store, 'SELECT 1')).toBe(1);
  await again.stop();
});
