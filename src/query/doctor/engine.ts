// Health of the engine: parts that pile up, disks that fill.
import { number, rows, text } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Finding } from './finding.ts';

/** Parts of a table in one partition; ClickHouse slows inserts down from 1,000 on and refuses them at 3,000. */
const MANY_PARTS = 500;
const TOO_MANY_PARTS = 1000;
const LITTLE_SPACE = 0.1;
const NO_SPACE = 0.03;

const PARTS = sql`SELECT table, partition, count() AS parts, sum(rows) AS rows FROM ${table('system.parts')}
  WHERE active AND database = currentDatabase() GROUP BY table, partition ORDER BY parts DESC LIMIT 1`;
const PART = { name: text, partition: text, parts: number, count: text };
const DISKS = sql`SELECT name, free_space, total_space FROM ${table('system.disks')} WHERE total_space > 0`;
const DISK = { name: text, free: number, total: number };

export async function* engineFindings(store: Reader, signal: AbortSignal): AsyncGenerator<Finding> {
  for await (const { name, partition, parts, count } of rows(store, PARTS, PART, { signal }))
    yield partsFinding(name, partition, parts, count);
  for await (const { name, free, total } of rows(store, DISKS, DISK, { signal }))
    yield diskFinding(name, free, total);
}

function partsFinding(name: string, partition: string, parts: number, count: string): Finding {
  const severity = parts >= TOO_MANY_PARTS ? 'problem' : parts >= MANY_PARTS ? 'warning' : 'ok';
  return {
    check: 'store-parts',
    severity,
    what: severity === 'ok' ? 'merges keep up' : 'parts pile up: merges are slower than inserts',
    evidence: `at most ${parts} parts in a partition (${name}, ${partition}, ${count} rows)`,
    cure:
      severity === 'ok'
        ? ''
        : 'make batches larger (collector.batch.count, collector.batch.age), give the engine more CPU, or run fewer writers',
  };
}

function diskFinding(name: string, free: number, total: number): Finding {
  const share = free / total;
  const severity = share < NO_SPACE ? 'problem' : share < LITTLE_SPACE ? 'warning' : 'ok';
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return {
    check: 'store-disk',
    severity,
    what: severity === 'ok' ? 'the disk has room' : 'the disk of the store is nearly full',
    evidence: `disk ${name}: ${gib(free)} of ${gib(total)} GiB free`,
    cure: severity === 'ok' ? '' : 'shorten store.retention, or give the store a larger disk',
  };
}
