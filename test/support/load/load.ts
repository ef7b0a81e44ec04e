// Fills a store with N flows over 24 hours: real rows of a few minutes, multiplied inside the engine with times, uuids,
// ports and outside addresses of their own, and a few that are like nothing else. What is loaded is used again.

import { DAY_NS, HOUR_NS, NS_PER_MS, nsToMs } from '../../../src/runtime/time.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import { FLOW_COLUMNS } from '../../../src/store/schema/columns.ts';
import { seedBlocks } from '../../bench/query/seed.ts';

/** Where the 24 hours end; fixed, so that a load can be used again another day. */
export const END = 1_767_355_200_000_000_000n;
export const DAY = DAY_NS;
/** Rows of one multiplication; decides the memory it takes. */
const MOST_ROWS = 700_000;
const LEAST_TURNS = 24;
/** The newest stretch lies in many small parts, as inserts leave it. */
const TAIL_NANOS = 120_000_000_000n;
const TAIL_PARTS = 12;

/** What next to nothing matches. */
export const NEEDLE = {
  namespace: 'haystack',
  pod: 'needle-7c9d6b5f4-x2x9k',
  ip: '10.77.7.7',
  label: 'k8s:app=needle',
  workload: 'needle',
  name: 'needle.example.org',
  identity: 7_777_777,
  port: 7777,
  path: '/needle',
} as const;
const NEEDLE_HOURS = [2n, 9n, 17n];
const NEEDLE_ROWS = 5;

export interface Loading {
  readonly flows: number;
  readonly progress: (text: string) => void;
}

export async function load(store: ManagedStore, { flows, progress }: Loading): Promise<void> {
  const turns = Math.max(LEAST_TURNS, Math.ceil(flows / MOST_ROWS));
  const rows = Math.ceil(flows / turns);
  await seed(store, rows);
  const span = (DAY - TAIL_NANOS) / BigInt(turns);
  let left = flows - NEEDLE_HOURS.length * NEEDLE_ROWS;
  const tailRows = Math.max(1, Math.floor((flows * nsToMs(TAIL_NANOS)) / nsToMs(DAY) / TAIL_PARTS));
  left -= tailRows * TAIL_PARTS;
  for (let turn = 0; turn < turns; turn++) {
    const count = Math.min(rows, Math.ceil(left / (turns - turn)));
    left -= count;
    await multiply(store, { from: END - DAY + span * BigInt(turn), span, rows: count });
    progress(`${turn + 1} of ${turns} loaded`);
    await calm(store);
  }
  for (const hour of NEEDLE_HOURS)
    await multiply(store, {
      from: END - DAY + hour * HOUR_NS,
      span: NS_PER_MS,
      rows: NEEDLE_ROWS,
      needle: true,
    });
  await settle(store, progress);
  for (let part = 0; part < TAIL_PARTS; part++) {
    const tail = TAIL_NANOS / BigInt(TAIL_PARTS);
    const from = END - TAIL_NANOS + tail * BigInt(part);
    await multiply(store, { from, span: tail, rows: tailRows, small: true });
  }
  await store.command('DROP TABLE seed');
}

async function seed(store: ManagedStore, rows: number): Promise<void> {
  await store.command('DROP TABLE IF EXISTS seed');
  await store.command('DROP TABLE IF EXISTS seed_plain');
  const columns = FLOW_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
  for (const table of ['seed', 'seed_plain'])
    await store.command(`CREATE TABLE ${table} (${columns}) ENGINE = Memory`);
  let token = 0;
  for (const block of seedBlocks(rows))
    await store.insert({ ...block, table: 'seed_plain' }, { token: `seed:${token++}` });
  // Every cluster has namespaces of its own.
  const own = (side: string) => `
    if(${side}_namespace = '', '', concat(${side}_namespace, '-', substring(cluster, 6))) AS ${side}_namespace,
    replaceRegexpAll(${side}_labels, '(namespace=|metadata.name=)([a-z-]+)', concat('\\\\1\\\\2-', substring(cluster, 6))) AS ${side}_labels`;
  await store.command(
    `INSERT INTO seed SELECT * REPLACE (${own('source')}, ${own('destination')}) FROM seed_plain`,
  );
  await store.command('DROP TABLE seed_plain');
}

interface Stretch {
  readonly from: bigint;
  readonly span: bigint;
  readonly rows: number;
  readonly needle?: boolean;
  /** A part as an insert of the writer leaves it. */
  readonly small?: boolean;
}

const IS_WORLD = (side: string) =>
  `(${side}_identity = 2 OR ${side}_identity BETWEEN 16777216 AND 16800000)`;
const RANDOM = (tag: number) => `(rand(${tag}) / 4294967296)`;
/** Few outside addresses and urls are met often, most of them seldom. */
const ADDRESS = (tag: number) =>
  `IPv4NumToString(toUInt32(772000000 + 7919 * toUInt32(pow(${RANDOM(tag)}, 3) * 20000)))`;

async function multiply(store: ManagedStore, stretch: Stretch): Promise<void> {
  const { from, span, rows, needle = false, small = false } = stretch;
  const replaced = {
    time: `fromUnixTimestamp64Nano(at, 'UTC')`,
    time_slot: 'toInt32(intDiv(at, 300000000000))',
    received_at: `fromUnixTimestamp64Milli(intDiv(at, 1000000) + 700, 'UTC')`,
    uuid: 'generateUUIDv4()',
    source_port: `if(source_port >= 32768, 32768 + rand(2) % 28232, source_port)`,
    destination_port: `if(destination_port >= 32768, 32768 + rand(2) % 28232, destination_port)`,
    ip_source: `if(${IS_WORLD('source')}, ${ADDRESS(3)}, toString(ip_source))`,
    ip_destination: `if(${IS_WORLD('destination')}, ${ADDRESS(4)}, toString(ip_destination))`,
    http_url: `if(endsWith(http_url, '/42'), concat(toString(http_url), toString(toUInt32(pow(${RANDOM(5)}, 3) * 3000))), toString(http_url))`,
    ...(needle && {
      source_namespace: `'${NEEDLE.namespace}'`,
      source_pod_name: `'${NEEDLE.pod}'`,
      ip_source: `'${NEEDLE.ip}'`,
      source_labels: `'${NEEDLE.label}'`,
      source_workloads: `'Deployment/${NEEDLE.workload}'`,
      source_names: `'${NEEDLE.name}'`,
      source_identity: `${NEEDLE.identity}`,
      destination_port: `${NEEDLE.port}`,
      http_url: `'http://needle${NEEDLE.path}'`,
      http_code: '418',
      http_method: `'PATCH'`,
      tcp_flags: '32',
      drop_reason_desc: '189',
      verdict: '2',
      l4_protocol: '1',
      l7_protocol: '2',
    }),
  };
  const list = Object.entries(replaced).map(([name, sql]) => `${sql} AS ${name}`);
  const presence = needle ? ', bitOr(presence, 1920) AS presence' : '';
  await store.command(
    `INSERT INTO flows SELECT * EXCEPT (at) REPLACE (${list.join(', ')}${presence})
     FROM (SELECT *, {from:Int64} + toInt64(rand64(1) % {span:UInt64}) AS at FROM seed ${needle ? 'WHERE l7_protocol = 2 ' : ''}LIMIT {rows:UInt64})
     SETTINGS max_insert_block_size = 10000000, min_insert_block_size_rows = 10000000, min_insert_block_size_bytes = 0,
       max_threads = 2, max_insert_threads = 1, max_partitions_per_insert_block = 0,
       materialize_skip_indexes_on_insert = ${small ? 0 : 1}`,
    { from, span, rows },
  );
}

async function parts(
  store: ManagedStore,
): Promise<{ readonly parts: number; readonly merges: number }> {
  const sql = `SELECT (SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'flows'),
    (SELECT count() FROM system.merges WHERE database = currentDatabase())`;
  for await (const [count, merges] of store.query(sql, {}))
    return { parts: Number(count), merges: Number(merges) };
  return { parts: 0, merges: 0 };
}

/** Waits while merges are far behind. */
async function calm(store: ManagedStore): Promise<void> {
  while ((await parts(store)).parts > 150)
    await new Promise((resolve) => setTimeout(resolve, 1000));
}

/** Waits until the engine has nothing more to merge. */
async function settle(store: ManagedStore, progress: (text: string) => void): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const now = await parts(store);
    progress(`${now.parts} parts, ${now.merges} merges`);
    quiet = now.merges === 0 ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
