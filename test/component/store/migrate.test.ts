// Migrations on a real engine: changed files, newer stores, additions to tables with rows, files that fail midway.
import { rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import { storeConfig } from '../../../src/store/config.ts';
import { ChdbEngine } from '../../../src/store/engine/chdb.ts';
import { EngineStore } from '../../../src/store/engine/engine-store.ts';
import { storeMetrics } from '../../../src/store/metrics.ts';
import { loadMigrations, MIGRATIONS } from '../../../src/store/migrate.ts';
import { encodeRows } from '../../../src/store/native/native-rows.ts';
import type { Column } from '../../../src/store/schema/column.ts';
import { FLOW_TOTAL_COLUMNS } from '../../../src/store/schema/denial-columns.ts';
import type { Store } from '../../../src/store/store.ts';
import { flowBlock } from '../../engines/flow-rows.ts';
import { never, rowsOf } from '../../engines/stores.ts';

const directory = mkdtempSync(join(tmpdir(), 'parallax-migrate-'));
const files = join(directory, 'migrations');
let path = '';
let count = 0;
beforeEach(() => {
  path = join(directory, `data-${count++}`);
  rmSync(files, { recursive: true, force: true });
  cpSync(MIGRATIONS, files, { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const own = (await loadMigrations()).map(({ version }) => version);

/** Takes away the files from a version on, as an earlier build has them; their names in order. */
function removeFrom(version: number): string[] {
  const later = readdirSync(files).filter(
    (name) => name.endsWith('.sql') && Number.parseInt(name, 10) >= version,
  );
  for (const name of later) rmSync(join(files, name));
  return later.sort();
}

async function withStore<T>(work: (store: EngineStore) => Promise<T>): Promise<T> {
  const config = storeConfig.parse({ chdb: { path } });
  const store = new EngineStore({
    config,
    engine: new ChdbEngine(config),
    logger: pino({ level: 'silent' }),
    metrics: storeMetrics(new Registry()),
    clock: systemClock,
    migrations: pathToFileURL(`${files}/`),
  });
  await store.start(never);
  try {
    return await work(store);
  } finally {
    await store.stop(never);
  }
}

test('what ran is recorded, and a new file alone runs next time', async () => {
  await withStore(async (store) => {
    const dry = await store.migrate({ dryRun: true });
    expect(dry.migrations).toHaveLength(own.length);
    expect(
      await rowsOf(store, "SELECT name FROM system.tables WHERE database = 'parallax'"),
    ).toEqual([]);
    await store.migrate();
    await store.insert(flowBlock({ rows: 3, mark: 'before' }), { token: 'before' });
  });
  writeFileSync(
    join(files, '0900_more.sql'),
    `-- Two statements.
ALTER TABLE flows ADD COLUMN IF NOT EXISTS more LowCardinality(String) DEFAULT 'none';
ALTER TABLE flows ADD COLUMN IF NOT EXISTS even_more UInt8;
`,
  );
  await withStore(async (store) => {
    const { migrations } = await store.migrate();
    expect(migrations.map(({ name }) => name)).toEqual(['0900_more.sql']);
    const rows = await rowsOf(store, 'SELECT more, even_more FROM flows');
    expect(rows).toEqual([
      ['none', 0],
      ['none', 0],
      ['none', 0],
    ]);
    const recorded = await rowsOf(
      store,
      'SELECT version FROM parallax_migrations ORDER BY version',
    );
    expect(recorded).toEqual([...own, 900].map((version) => [version]));
  });
});

test('a file that was changed after it ran is refused', async () => {
  await withStore((store) => store.migrate());
  writeFileSync(
    join(files, '0003_events.sql'),
    'CREATE TABLE IF NOT EXISTS x (a UInt8) ORDER BY a;',
  );
  await withStore((store) =>
    rejects(store.migrate(), {
      code: 'store/migration',
      message: /migration 3 \(0003_events\.sql\) was changed after it ran/,
    }),
  );
});

test('a store with migrations this program does not know is refused', async () => {
  writeFileSync(
    join(files, '0909_future.sql'),
    'CREATE TABLE IF NOT EXISTS f (a UInt8) ORDER BY a;',
  );
  await withStore((store) => store.migrate());
  rmSync(join(files, '0909_future.sql'));
  await withStore((store) =>
    rejects(store.migrate({ dryRun: true }), {
      code: 'store/migration',
      message: /has migration 909 \(0909_future\.sql\)/,
    }),
  );
});

test('a file that fails midway is not recorded and runs again whole', async () => {
  const file = join(files, '0900_fails.sql');
  const first = 'CREATE TABLE IF NOT EXISTS half (a UInt8) ENGINE = MergeTree ORDER BY a;\n';
  writeFileSync(file, `${first}ALTER TABLE IF EXISTS half ADD COLUMN b NoSuchType;\n`);
  await withStore((store) => rejects(store.migrate(), { code: 'store/rejected' }));
  writeFileSync(file, `${first}ALTER TABLE half ADD COLUMN IF NOT EXISTS b UInt8;\n`);
  await withStore(async (store) => {
    expect((await store.migrate()).migrations).toHaveLength(1);
    expect(await rowsOf(store, 'SELECT a, b FROM half')).toEqual([]);
    expect((await store.migrate()).migrations).toEqual([]);
  });
});

test('a store with flows from before the indexes of networks gets them, for old parts too', async () => {
  const later = removeFrom(8);
  await withStore(async (store) => {
    await store.migrate();
    await store.insert(flowBlock({ rows: 3, mark: 'before' }), { token: 'before' });
  });
  cpSync(MIGRATIONS, files, { recursive: true });
  await withStore(async (store) => {
    const { migrations } = await store.migrate();
    expect(migrations.map(({ name }) => name)).toEqual(later);
    const sizes = `SELECT name, data_compressed_bytes > 0 FROM system.data_skipping_indices
      WHERE database = 'parallax' AND table = 'flows' AND match(name, '_net[46]$') ORDER BY name`;
    await expect
      .poll(() => rowsOf(store, sizes), { timeout: 30_000 })
      .toEqual([
        ['ip_destination_net4', 1],
        ['ip_destination_net6', 1],
        ['ip_source_net4', 1],
        ['ip_source_net6', 1],
      ]);
    // What a second process does that migrates at the same time.
    for (const { version, statements } of await loadMigrations(MIGRATIONS))
      if (version === 8) for (const sql of statements) await store.command(sql);
    expect(await rowsOf(store, 'SELECT count() FROM flows')).toEqual([['3']]);
  });
});

test('totals from before they had flows’ own names keep what they count, apart from new rows', async () => {
  removeFrom(9);
  const row = {
    received_at: BigInt(Date.now()),
    time_slot: 5,
    cluster: 'a',
    source_cluster: 'a',
    origin: 7n,
    sequence: 1n,
    flows: 3n,
  };
  const insert = (store: Store, columns: readonly Column[], more: object = {}) =>
    store.insert(encodeRows('flow_totals', columns, [{ ...row, ...more }]), {
      token: randomUUID(),
    });
  const added = /_cluster_name$|_workloads$|^told$/;
  const before = FLOW_TOTAL_COLUMNS.filter(({ name }) => !added.test(name));
  await withStore(async (store) => {
    await store.migrate();
    for (const _ of [1, 2]) await insert(store, before);
  });
  cpSync(MIGRATIONS, files, { recursive: true });
  await withStore(async (store) => {
    await store.migrate();
    const told = { source_cluster_name: 'its name', told: 1 };
    for (const _ of [1, 2]) await insert(store, FLOW_TOTAL_COLUMNS, told);
    // A writer of before that still runs.
    await insert(store, before);
    await store.command('OPTIMIZE TABLE flow_totals FINAL');
    const sql = 'SELECT told, source_cluster_name, flows FROM flow_totals ORDER BY told';
    expect(await rowsOf(store, sql)).toEqual([
      [0, '', '9'],
      [1, 'its name', '6'],
    ]);
  });
});

test('totals of the version before answer the same under the new name of a column', async () => {
  const later = removeFrom(10);
  const row = { received_at: BigInt(Date.now()), time_slot: 5, cluster: 'a', flows: 2n };
  const rows = [
    { ...row, origin: 7n, sequence: 1n, told: 1, source_workloads: 'Deployment/web' },
    { ...row, origin: 7n, sequence: 1n },
  ];
  const answer = (name: string) =>
    `SELECT ${name}, source_workloads, sum(flows) FROM flow_totals GROUP BY ALL ORDER BY 1`;
  const insert = (store: Store) =>
    store.insert(encodeRows('flow_totals', FLOW_TOTAL_COLUMNS, rows), { token: randomUUID() });
  await withStore(async (store) => {
    await store.migrate();
    await insert(store);
    expect(await rowsOf(store, answer('told'))).toEqual([
      [0, '', '2'],
      [1, 'Deployment/web', '2'],
    ]);
  });
  cpSync(MIGRATIONS, files, { recursive: true });
  await withStore(async (store) => {
    const { migrations } = await store.migrate();
    expect(migrations.map(({ name }) => name)).toEqual(later);
    // Writers of either version insert under the stored name.
    await insert(store);
    await store.command('OPTIMIZE TABLE flow_totals FINAL');
    for (const name of ['told', 'has_reported_ends'])
      expect(await rowsOf(store, answer(name))).toEqual([
        [0, '', '4'],
        [1, 'Deployment/web', '4'],
      ]);
    const found = await rowsOf(
      store,
      'SELECT sum(flows) FROM flow_totals WHERE has_reported_ends = 1',
    );
    expect(found).toEqual([['4']]);
  });
});
