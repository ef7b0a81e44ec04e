// How the engine goes about the questions of `npm run bench:query`: what an index rules out is not read, a page reads
// other columns only for its rows, and the answers are those of the plainest statement there is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { queryFlows } from '../../../../src/query/flows/flows.ts';
import { pageStatement } from '../../../../src/query/read/page.ts';
import { slotsStatement } from '../../../../src/query/read/slots.ts';
import { compileSql } from '../../../../src/query/sql/compile.ts';
import type { Sql } from '../../../../src/store/sql.ts';
import type { QueryParams, Store } from '../../../../src/store/store.ts';
import { openStore, rowsOf, type TestStore } from '../../../engines/stores.ts';
import { type Kind, kinds } from '../../../support/load/kinds.ts';
import { known } from '../../../support/load/known.ts';
import { DAY, END, load } from '../../../support/load/load.ts';
import { questionOf } from '../../../support/load/question.ts';
import { rendered } from '../../../support/query/rendered.ts';

const FLOWS = 300_000;
const LIMITS = { pageRows: 5000, heldRows: 10_000 };
const directory = mkdtempSync(join(tmpdir(), 'parallax-plans-'));
let engine: TestStore;
let asked: readonly Kind[];

beforeAll(async () => {
  engine = await openStore({ retention: '0d', chdb: { path: join(directory, 'data') } });
  await load(engine.store, { flows: FLOWS, progress: () => {} });
  // Indexes are made by merges.
  await engine.store.command('OPTIMIZE TABLE flows FINAL');
  asked = kinds(await known(engine.store));
});
afterAll(async () => {
  await engine.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function asking(name: string) {
  const kind = asked.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no question called ${name}`);
  return questionOf(kind.args, END);
}

async function explained(statement: Sql): Promise<string> {
  const { text, params } = statement.render();
  const rows = await rowsOf(
    engine.store,
    `SELECT explain FROM (EXPLAIN indexes = 1 ${text})`,
    params,
  );
  return rows.map(([line]) => String(line)).join('\n');
}

/** Of what there is, the granules that are read, in all branches of the statement. */
function granules(plan: string): { readonly read: number; readonly all: number } {
  const reads = [...plan.matchAll(/Granules: (\d+)$/gm)].map(([, read]) => Number(read));
  const indexed = [...plan.matchAll(/Granules: \d+\/(\d+)/g)].map(([, all]) => Number(all));
  return { read: reads.reduce((sum, each) => sum + each, 0), all: Math.max(0, ...indexed) };
}

test.each([
  ['a rare pod', 'source_pod_name_set'],
  ['a rare namespace', 'source_namespace_set'],
  ['a rare label', 'source_labels_set'],
  ['a rare workload', 'source_workloads_set'],
  ['a rare fqdn', 'source_names_set'],
  ['a rare identity', 'source_identity_set'],
  ['a rare http-path', 'http_url_set'],
  ['a rare http-status', 'http_code_set'],
  ['a rare tcp-flag', 'tcp_flags_set'],
  ['a rare drop reason', 'drop_reason_desc_set'],
  ['a pod that is not', 'source_pod_name_set'],
  ['a label that is not', 'source_labels_set'],
  ['a uuid', 'uuid_bloom'],
  ['an address', 'ip_source_bloom'],
  ['a cidr that is not', 'ip_source_net4'],
  ['a cidr that is not', 'ip_destination_net4'],
])('counting %s uses %s', async (name, index) => {
  const { whitelist, blacklist } = await asking(name);
  const filter = compileSql(whitelist, blacklist);
  const statement = slotsStatement({ since: END - DAY, until: END }, filter, 'backward');
  const plan = await explained(statement);
  expect(plan).toContain(`Name: ${index}`);
  const { read, all } = granules(plan);
  expect(all).toBeGreaterThan(30);
  // Three needles, each in a stretch of eight granules, on either side; the rest is ruled out.
  expect(read).toBeLessThan(all);
});

test('counting the addresses of a network uses ip_source_set', async () => {
  // Those of the pods are few everywhere; of outside addresses a stretch may have more than an index keeps.
  const filter = compileSql([{ source_ip: ['172.31.0.0/16'] }], []);
  const statement = slotsStatement({ since: END - DAY, until: END }, filter, 'backward');
  const plan = await explained(statement);
  expect(plan).toContain('Name: ip_source_set');
});

/** How many granules an index may read at most that is wrong once in a hundred for each value: five deviations above. */
function wrongly(values: number, all: number): number {
  const chance = 1 - 0.99 ** values;
  return all * chance + 5 * Math.sqrt(all * chance * (1 - chance));
}

// The number is of the values that the index is asked for: a network's parts, or its addresses.
test.each([
  ['source_ip', '172.31.0.0/16', 'ip_source_net4', 1],
  ['destination_ip', '172.31.77.0/24', 'ip_destination_net4', 1],
  ['source_ip', '172.16.0.0/12', 'ip_source_net4', 16],
  ['source_ip', '2001:db8:1::/48', 'ip_source_net6', 1],
  ['destination_ip', '2001:db8:1:2::/64', 'ip_destination_net6', 1],
  ['destination_ip', '192.0.2.16/28', 'ip_destination_bloom', 16],
])(
  'counting %s in the network %s, where nothing is, asks %s and reads next to nothing',
  async (field, network, index, values) => {
    const filter = compileSql([{ [field]: [network] }], []);
    const statement = slotsStatement({ since: END - DAY, until: END }, filter, 'backward');
    const plan = await explained(statement);
    expect(plan).toContain(`Name: ${index}`);
    const { read, all } = granules(plan);
    expect(all).toBeGreaterThan(30);
    expect(read).toBeLessThanOrEqual(wrongly(values, all));
  },
);

test('networks that are there are found whole, whatever index they are looked for by', async () => {
  const address = "if(ip_destination = '', '::', toString(ip_destination))";
  for (const network of [
    '46.3.0.0/16',
    '46.3.192.0/18',
    '46.0.0.0/12',
    '46.0.0.0/8',
    '10.2.1.0/28',
  ]) {
    const { where, params } = rendered([{ destination_ip: [network] }], []);
    const indexed = `SELECT count() FROM flows WHERE ${where}`;
    const plain = `SELECT countIf(isIPAddressInRange(${address}, {network:String})) FROM flows`;
    const found = await rowsOf(engine.store, indexed, params);
    const wanted = await rowsOf(engine.store, plain, { network });
    expect({ network, found }).toEqual({ network, found: wanted });
    expect(Number(wanted[0]?.[0]), network).toBeGreaterThan(0);
  }
});

test('counting reads no times and no uuids', () => {
  const filter = compileSql([{ source_port: ['77'] }, { destination_port: ['77'] }], []);
  const statement = slotsStatement({ since: END - DAY, until: END - 1n }, filter, 'backward');
  expect(statement.render().text).not.toMatch(/\buuid\b|\btime\b/);
});

test('a page reads the other columns of its own rows only, and its slots by the key', async () => {
  const wanted = {
    table: 'flows',
    direction: 'backward',
    filter: compileSql([{ verdict: [2] }], []),
  } as const;
  const slot = (END - DAY / 2n) / 300_000_000_000n;
  const stretch = { range: { since: END - DAY, until: END - 1n }, slots: [slot] };
  const statement = pageStatement(wanted, stretch, 100);
  const plan = await explained(statement);
  expect(plan).toContain('Lazily read columns');
  expect(/Prewhere filter column:.*/.exec(plan)?.[0]).toContain('verdict');
  const { read, all } = granules(plan);
  expect(read).toBeLessThanOrEqual(Math.ceil(all / 10));
});

async function uuidsOf(sql: string, params: QueryParams): Promise<string[]> {
  return (await rowsOf(engine.store, sql, params)).map(([uuid]) => String(uuid)).sort();
}

test('every question is answered as the plainest statement answers it', async () => {
  const inSql: Kind[] = [];
  for (const kind of asked) {
    const { whitelist, blacklist } = await questionOf(kind.args, END);
    if (compileSql(whitelist, blacklist).exact) inSql.push(kind);
  }
  expect(inSql.length).toBeGreaterThan(25);
  for (const { name } of inSql) {
    const query = await asking(name);
    const found: string[] = [];
    for await (const { flow } of queryFlows(engine.store, query, LIMITS))
      found.push(flow?.uuid ?? '');
    const { where, params } = rendered(query.whitelist, query.blacklist);
    const since = query.since ?? 0n;
    const order = query.first ? 'ASC' : 'DESC';
    const plain = `SELECT uuid FROM flows WHERE (${where}) AND toUnixTimestamp64Nano(time) >= {since:Int64}
      ORDER BY time ${order}, uuid ${order} LIMIT {number:UInt64}`;
    const wanted = await uuidsOf(plain, { ...params, since, number: query.number });
    expect({ name, found: found.sort() }).toEqual({ name, found: wanted });
  }
});

test('next to nothing in a day takes four statements, and one that fills a page two', async () => {
  const statements = async (name: string): Promise<number> => {
    let count = 0;
    const counting: Pick<Store, 'query'> = {
      query(...args) {
        count++;
        return engine.store.query(...args);
      },
    };
    for await (const _ of queryFlows(counting as Store, await asking(name), LIMITS));
    return count;
  };
  expect(await statements('a rare pod')).toBeLessThanOrEqual(4);
  expect(await statements('a pod that is not')).toBeLessThanOrEqual(3);
  expect(await statements('verdict')).toBeLessThanOrEqual(4);
});
