// What a scope lets through, of every table and on both engines: the limit is in the engine's own reading, so that no
// join, count or subquery sees more; names are values however they are written.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Scope, scopedStore } from '../../../../src/query/read/scope.ts';
import type { ManagedStore } from '../../../../src/store/engine/engine-store.ts';
import type { QueryCost } from '../../../../src/store/store.ts';
import { type ClickhouseFront, startFront } from '../../../engines/clickhouse-front.ts';
import { openStore, rowsOf, type TestStore } from '../../../engines/stores.ts';

const HOSTILE = [
  "'",
  "') OR 1 = 1 -- ",
  '\\',
  "\\'",
  '{p:String}',
  "', 'b",
  'a\nb',
  '☃',
  "']) OR (1",
];
const CLUSTERS = ['a', 'b', ...HOSTILE];

const INSERTS = [
  `INSERT INTO flows (cluster, uuid, time, time_slot, source_namespace, destination_namespace)
    SELECT arrayJoin({clusters:Array(String)}), generateUUIDv4(), toDateTime64('2026-01-01 00:00:00', 9, 'UTC'), 5890000,
      arrayJoin(['n1', 'n2']), 'n3'`,
  `INSERT INTO events (cluster, uuid, time, kind) SELECT arrayJoin({clusters:Array(String)}), generateUUIDv4(), now(), 'node_status'`,
  `INSERT INTO coverage (cluster, node, minute) SELECT arrayJoin({clusters:Array(String)}), 'n', now()`,
  `INSERT INTO identities (cluster, identity, labels, labels_hash)
    SELECT arrayJoin({clusters:Array(String)}), 1, concat('k8s:io.kubernetes.pod.namespace=', arrayJoin(['n1', 'n2']) AS n, '\\nk8s:x=y'), cityHash64(n)`,
  `INSERT INTO cluster_facts (cluster, kind, value) SELECT arrayJoin({clusters:Array(String)}), 'namespace', arrayJoin(['n1', 'n2'])`,
];
const TABLES = ['flows', 'events', 'coverage', 'identities', 'cluster_facts'];

interface Under {
  readonly name: string;
  readonly store: () => ManagedStore;
}

let directory: string;
let front: ClickhouseFront;
let embedded: TestStore;
let server: TestStore;
const engines: readonly Under[] = [
  { name: 'chdb', store: () => embedded.store },
  { name: 'clickhouse', store: () => server.store },
];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parallax-scope-'));
  embedded = await openStore({ chdb: { path: join(directory, 'data') }, retention: '0d' });
  // One engine a process: both stores have the same directory, each a database of its own.
  front = await startFront({ path: join(directory, 'data') });
  server = await openStore({
    kind: 'clickhouse',
    retention: '0d',
    clickhouse: { url: front.url, database: 'other' },
  });
  for (const { store } of engines)
    for (const sql of INSERTS) await store().command(sql, { clusters: CLUSTERS });
});
afterAll(async () => {
  await server.stop();
  await front.close();
  await embedded.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe.each(engines)('$name', ({ store }) => {
  const clusters = async (scope: Scope | undefined, table: string) => {
    const sql = `SELECT DISTINCT cluster FROM ${table}`;
    return (await rowsOf(scopedStore(store(), scope), sql)).map(([cluster]) => cluster).sort();
  };

  test.each(TABLES)('of %s only what was observed in the clusters', async (table) => {
    expect(await clusters(undefined, table)).toEqual([...CLUSTERS].sort());
    for (const cluster of CLUSTERS)
      expect(await clusters({ clusters: [cluster] }, table)).toEqual([cluster]);
    expect(await clusters({ clusters: ['a', "'"] }, table)).toEqual(["'", 'a']);
    expect(await clusters({ clusters: ['none'] }, table)).toEqual([]);
    expect(await clusters({ clusters: [] }, table)).toEqual([]);
  });

  test.each([
    'SELECT count() FROM flows',
    'SELECT sum(n) FROM (SELECT count() AS n FROM flows GROUP BY cluster)',
    'WITH f AS (SELECT * FROM flows) SELECT count() FROM f',
    'SELECT count() FROM flows AS x PREWHERE time_slot > 1 WHERE time_slot > 2',
    'SELECT count() FROM (SELECT cluster, source_namespace FROM flows) AS x INNER JOIN (SELECT cluster, source_namespace FROM flows) AS y USING (cluster, source_namespace)',
    'SELECT count() FROM flows WHERE cluster IN (SELECT cluster FROM flows)',
  ])('%s', async (sql) => {
    const read = scopedStore(store(), { clusters: ['a'] });
    expect(await rowsOf(read, sql)).toEqual([['2']]);
    const both = scopedStore(store(), { clusters: ['a', 'b'], namespaces: ['n1'] });
    expect(await rowsOf(both, sql)).toEqual([['2']]);
    // What follows is not limited by what came before.
    expect(await rowsOf(store(), sql)).toEqual([[String(2 * CLUSTERS.length)]]);
  });

  test('namespaces, of either end', async () => {
    const count = async (namespaces: readonly string[], table: string) =>
      Number(
        (
          await rowsOf(scopedStore(store(), { namespaces }), `SELECT count() FROM ${table}`)
        )[0]?.[0],
      );
    const all = CLUSTERS.length;
    expect(await count(['n1'], 'flows')).toBe(all);
    expect(await count(['n3'], 'flows')).toBe(2 * all);
    expect(await count(["n1') OR ('1' = '1"], 'flows')).toBe(0);
    expect(await count([], 'flows')).toBe(0);
    expect(await count(['n1'], 'identities')).toBe(all);
    expect(await count(['n1'], 'cluster_facts')).toBe(all);
  });

  test.each(['parallax_migrations', 'system.parts', 'numbers(3)', 'nowhere'])(
    '%s is closed to whoever has a scope',
    async (table) => {
      const read = scopedStore(store(), { clusters: CLUSTERS });
      await expect(rowsOf(read, `SELECT 1 FROM ${table}`)).rejects.toMatchObject({
        code: 'auth/forbidden',
      });
    },
  );

  test('what a query read is told', async () => {
    const costOf = async (sql: string) => {
      let told: Promise<QueryCost> | undefined;
      const cost = (read: Promise<QueryCost>) => {
        told = read;
      };
      for await (const _ of store().query(sql, {}, { cost }));
      return told;
    };
    const rows = 2 * CLUSTERS.length;
    for (const sql of ['SELECT uuid FROM flows', "SELECT uuid FROM flows WHERE cluster = 'none'"]) {
      const cost = await costOf(sql);
      // A stream is ended with `SELECT 1`, which reads a row too.
      expect([rows, rows + 1]).toContain(cost?.rows);
      expect(cost?.bytes).toBeGreaterThan(rows);
    }
  });
});
