// What every engine must keep, written once and run against each.
import { rejects } from 'node:assert/strict';
import type { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import { encodeRows } from '../../../src/store/native/native-rows.ts';
import { FLOW_TOTAL_COLUMNS } from '../../../src/store/schema/denial-columns.ts';
import { flowBlock, NANOS, slotOf } from '../../engines/flow-rows.ts';
import { numberOf, rowsOf, type TestStore } from '../../engines/stores.ts';

export interface ContractTarget {
  /** Opens the store with small limits for readers: 2 at once, 2 waiting, 2 s, 100 MB, 5 M rows. */
  open(): Promise<TestStore>;
  close(): Promise<void>;
}

export const LIMITS = {
  concurrency: 2,
  queue: 2,
  maxExecutionTime: '4s',
  maxMemory: '100MiB',
  maxRowsToRead: 5_000_000,
};

export function storeContract(name: string, target: ContractTarget): void {
  describe(`store contract: ${name}`, () => {
    let opened: TestStore;
    let store: ManagedStore;
    let registry: Registry;
    const open = async () => {
      opened = await target.open();
      ({ store, registry } = opened);
    };
    beforeAll(open);
    afterAll(async () => {
      await opened.stop();
      await target.close();
    });

    const count = (mark: string) =>
      numberOf(store, 'SELECT count() FROM flows WHERE relay = {mark:String}', { mark });
    const code = (expected: string) => (error: unknown) =>
      error instanceof ParallaxError && error.code === expected;

    test('a block is one part, and stored as it was', async () => {
      await store.insert(flowBlock({ rows: 30_000, mark: 'one-part' }), { token: 'one-part' });
      const rows = await rowsOf(
        store,
        `SELECT uniqExact(_part), count(), countIf(verdict = 2), max(destination_port), any(source_label_list)
         FROM flows WHERE relay = 'one-part' AND source_pod_name = 'pod-3'`,
      );
      const labels = ['k8s:app=pod-3', 'k8s:io.kubernetes.pod.namespace=team'];
      expect(rows).toEqual([['1', '4286', '86', 8080, labels]]);
    });

    test('the same token twice stores once', async () => {
      const block = flowBlock({ rows: 500, mark: 'twice' });
      await store.insert(block, { token: 'topic:0:17' });
      await store.insert(block, { token: 'topic:0:17' });
      expect(await count('twice')).toBe(500);
      const text = await registry.metrics();
      expect(text).toMatch(/^parallax_store_repeated_inserts_total\{outcome="dropped"\} 1$/m);
    });

    test('the same token stores once with other columns, too', async () => {
      await store.insert(flowBlock({ rows: 100, mark: 'columns' }), { token: 'topic:0:18' });
      const more = flowBlock({
        rows: 100,
        mark: 'columns',
        cells: (i) => ({ http_url: `/item/${i}`, http_code: 500 }),
      });
      await store.insert(more, { token: 'topic:0:18' });
      expect(await count('columns')).toBe(100);
    });

    test('the same token stores once after the store was opened again', async () => {
      const block = flowBlock({ rows: 200, mark: 'reopened' });
      await store.insert(block, { token: 'topic:0:19' });
      await opened.stop();
      await open();
      await store.insert(block, { token: 'topic:0:19' });
      await store.insert(block, { token: 'topic:0:20' });
      expect(await count('reopened')).toBe(400);
    });

    test('rows the engine lost although it knows their token go in again', async () => {
      const block = flowBlock({ rows: 300, mark: 'lost' });
      await store.insert(block, { token: 'topic:0:21' });
      // Killed between the token and the part, the engine looks like this.
      await store.command(`DELETE FROM flows WHERE relay = 'lost'`);
      expect(await count('lost')).toBe(0);
      await store.insert(block, { token: 'topic:0:21' });
      expect(await count('lost')).toBe(300);
      await store.insert(block, { token: 'topic:0:21' });
      expect(await count('lost')).toBe(300);
      expect(await registry.metrics()).toContain(
        'parallax_store_repeated_inserts_total{outcome="restored"} 1',
      );
    });

    test('rows that are added up with others go in again too, unless a later record of their origin is in', async () => {
      const total = (sequence: number, flows: number) =>
        encodeRows('flow_totals', FLOW_TOTAL_COLUMNS, [
          {
            time_slot: 7,
            received_at: BigInt(Date.now()),
            cluster: 'added-up',
            origin: 0xfedcba9876543210n,
            sequence,
            flows,
          },
        ]);
      const sum = () =>
        numberOf(store, `SELECT sum(flows) FROM flow_totals WHERE cluster = 'added-up'`);
      await store.insert(total(1, 10), { token: 'added-up:1' });
      await store.insert(total(2, 20), { token: 'added-up:2' });
      await store.command(`ALTER TABLE flow_totals DELETE WHERE sequence = 2
        SETTINGS mutations_sync = 1`);
      expect(await sum()).toBe(10);
      for (let i = 0; i < 2; i++) {
        await store.insert(total(2, 20), { token: 'added-up:2' });
        expect(await sum()).toBe(30);
      }
      await store.command('OPTIMIZE TABLE flow_totals FINAL');
      expect(await numberOf(store, 'SELECT count() FROM flow_totals')).toBe(1);
      await store.insert(total(1, 10), { token: 'added-up:1' });
      expect(await sum()).toBe(30);
    });

    test('inserts at once are all stored', async () => {
      const marks = Array.from({ length: 12 }, (_, i) => `at-once-${i}`);
      await Promise.all(
        marks.map((mark) => store.insert(flowBlock({ rows: 1000, mark }), { token: mark })),
      );
      const sql = `SELECT count() FROM flows WHERE startsWith(relay, 'at-once-')`;
      expect(await numberOf(store, sql)).toBe(12_000);
    });

    test('columns left out take their default', async () => {
      const { bytes: _, ...block } = flowBlock({ rows: 1, mark: 'default' });
      expect(block.columns).not.toContain('http_url');
      await store.insert(flowBlock({ rows: 1, mark: 'default' }), { token: 'default' });
      const rows = await rowsOf(
        store,
        `SELECT http_url, http_code, raw, presence, toString(uuid) = '' FROM flows WHERE relay = 'default'`,
      );
      expect(rows).toEqual([['', 0, '', '0', 0]]);
    });

    test('a broken block stores nothing and is refused for good', async () => {
      const block = flowBlock({ rows: 2000, mark: 'broken' });
      const half = { ...block, bytes: block.bytes.subarray(0, block.bytes.length / 2) };
      await rejects(store.insert(half, { token: 'broken' }), code('store/rejected'));
      const wrong = { ...block, columns: ['no_such_column'] };
      await rejects(store.insert(wrong, { token: 'broken' }), code('store/rejected'));
      expect(await count('broken')).toBe(0);
      await store.insert(block, { token: 'broken' });
      expect(await count('broken')).toBe(2000);
      expect(store.health()).toEqual({ state: 'ok' });
    });

    test('rows before 1970 and in 2200 are stored, sorted and found', async () => {
      const times = [-2_000_000_000n * NANOS - 1n, 0n, 7_258_118_400n * NANOS + 123_456_789n];
      for (const [i, time] of times.entries()) {
        const block = flowBlock({ rows: 1, mark: 'odd-time', time });
        await store.insert(block, { token: `odd-time:${i}` });
      }
      const sql = `SELECT toString(time), time_slot, toUnixTimestamp64Nano(time) FROM flows
        WHERE relay = 'odd-time' AND time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
          AND time < fromUnixTimestamp64Nano({to:Int64}, 'UTC') AND time_slot BETWEEN {a:Int32} AND {b:Int32}
        ORDER BY time_slot DESC, time DESC`;
      const between = (from: bigint, to: bigint) =>
        rowsOf(store, sql, { from, to, a: slotOf(from), b: slotOf(to) });
      const all = await between(-3_000_000_000n * NANOS, 9_000_000_000n * NANOS);
      expect(all.map((row) => row[0])).toEqual([
        '2200-01-01 00:00:00.123456789',
        '1970-01-01 00:00:00.000000000',
        '1906-08-16 20:26:39.999999999',
      ]);
      expect(all.map((row) => row[2])).toEqual([...times].reverse().map(String));
      expect(await between(-3_000_000_000n * NANOS, 0n)).toHaveLength(1);
      expect(await between(7_000_000_000n * NANOS, 9_000_000_000n * NANOS)).toHaveLength(1);
    });

    test('values are values, whatever is in them', async () => {
      const params = {
        text: `a'b\\c\n\t{x:String}"\`--/*;☃\u0000`,
        big: 18_446_744_073_709_551_615n,
        small: -9_007_199_254_740_993n,
        texts: [`it's`, 'back\\slash', 'line\nbreak', '', `'], (1) --`],
        numbers: [1, 2, 65_535],
        yes: true,
      };
      const rows = await rowsOf(
        store,
        `SELECT {text:String}, {big:UInt64}, {small:Int64}, {texts:Array(String)}, {numbers:Array(UInt16)},
           {yes:Bool}, '{text:String}' -- {nothing:String}`,
        params,
      );
      expect(rows).toEqual([
        [
          params.text,
          '18446744073709551615',
          '-9007199254740993',
          params.texts,
          params.numbers,
          true,
          '{text:String}',
        ],
      ]);
    });

    test('a long list of values goes through', async () => {
      const marks = Array.from({ length: 5000 }, (_, i) => `somebody-${i}`);
      marks.push('twice');
      const sql = 'SELECT count() FROM flows WHERE relay IN ({marks:Array(String)})';
      expect(await numberOf(store, sql, { marks })).toBe(500);
    });

    test('a long answer streams, and a reader may leave early', async () => {
      const sql = "SELECT number, toString(number), repeat('x', 50) FROM numbers({n:UInt64})";
      let rows = 0;
      for await (const row of store.query(sql, { n: 150_000 })) {
        if (row[0] !== String(rows) || row[1] !== String(rows))
          throw new Error(`row ${rows} is ${row}`);
        rows++;
      }
      expect(rows).toBe(150_000);
      rows = 0;
      for await (const _ of store.query(sql, { n: 4_000_000 })) if (++rows === 1000) break;
      expect(rows).toBe(1000);
      expect(await numberOf(store, 'SELECT 1')).toBe(1);
    });

    test('a query that goes over a limit is ended with store/limit', async () => {
      const over = (sql: string) => rejects(rowsOf(store, sql), code('store/limit'));
      await over('SELECT sum(number) FROM numbers(6000000)');
      await over('SELECT length(groupArray(repeat(toString(number), 20))) FROM numbers(4000000)');
      await over('SELECT sleepEachRow(0.5) FROM numbers(100) SETTINGS max_block_size = 1');
      expect(await numberOf(store, 'SELECT 1')).toBe(1);
    });

    test('a query cannot write', async () => {
      const refused = (sql: string) => rejects(rowsOf(store, sql), code('store/rejected'));
      await refused(`INSERT INTO flows (relay) SELECT 'written'`);
      await refused('DROP TABLE flows');
      expect(await count('written')).toBe(0);
    });

    test('a wrong query is refused for good', async () => {
      const refused = (sql: string) => rejects(rowsOf(store, sql), code('store/rejected'));
      await refused('SELECT nothing FROM flows');
      await refused('SELEC 1');
      await refused('SELECT {missing:String}');
      await rejects(store.command('ALTER TABLE nowhere DROP COLUMN x'), code('store/rejected'));
    });

    test('aborting ends the query, in the engine too', async () => {
      const ended = new AbortController();
      const running = rowsOf(
        store,
        `SELECT sleepEachRow(0.02), 'to be ended' FROM numbers(1500) SETTINGS max_block_size = 1`,
        {},
        ended.signal,
      );
      setTimeout(() => ended.abort(new Error('the reader left')), 100);
      await rejects(running, /the reader left/);
      const left = `SELECT count() FROM system.processes WHERE query LIKE '%to be ended%' AND query NOT LIKE '%system.processes%'`;
      await expect.poll(() => numberOf(store, left), { timeout: 10_000 }).toBe(0);
      await rejects(rowsOf(store, 'SELECT 1', {}, ended.signal), /the reader left/);
    });

    test('queries over the concurrency wait, and over the queue are refused', async () => {
      const slow = () =>
        rowsOf(store, 'SELECT sleepEachRow(0.1) FROM numbers(5) SETTINGS max_block_size = 1');
      const results = await Promise.allSettled([slow(), slow(), slow(), slow(), slow(), slow()]);
      const refused = results.filter((result) => result.status === 'rejected');
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(4);
      expect(refused).toHaveLength(2);
      for (const { reason } of refused) expect(reason).toMatchObject({ code: 'store/unavailable' });
      expect(await registry.metrics()).toContain('parallax_store_queries_running 0');
    });

    test('migrating again changes nothing', async () => {
      expect(await store.migrate()).toEqual({ migrations: [], adjustments: [] });
      expect(await store.migrate({ dryRun: true })).toEqual({ migrations: [], adjustments: [] });
    });
  });
}
