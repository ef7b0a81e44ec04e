import { expect, test } from 'vitest';
import { z } from 'zod';
import { storeConfig } from '../../../src/store/config.ts';
import { readerSettings } from '../../../src/store/engine/reader-settings.ts';

test('everything has a default and a description', () => {
  const config = storeConfig.parse({});
  expect(config).toMatchObject({
    kind: 'chdb',
    retention: 30 * 86_400_000,
    chdb: { path: 'parallax-data' },
    clickhouse: { url: 'http://127.0.0.1:8123', database: 'parallax' },
    reader: { maxExecutionTime: 30_000, maxMemory: 1024 ** 3 },
  });
  const undescribed: string[] = [];
  const walk = (node: { properties?: Record<string, unknown> }, path: string) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const one = child as { description?: string; properties?: Record<string, unknown> };
      if (one.description === undefined) undescribed.push(`${path}${key}`);
      walk(one, `${path}${key}.`);
    }
  };
  walk(z.toJSONSchema(storeConfig, { io: 'input', unrepresentable: 'any' }), '');
  expect(undescribed).toEqual([]);
});

test.each([
  { clickhouse: { url: 'clickhouse:8123' } },
  { clickhouse: { url: 'tcp://clickhouse:9000' } },
  { clickhouse: { database: 'a; DROP' } },
  { clickhouse: { tls: { ca: 'x' } } },
  { reader: { concurrency: 0 } },
  { retention: '30 days' },
])('refuses %j', (written) => {
  expect(storeConfig.safeParse(written).success).toBe(false);
});

test('limits become settings', () => {
  const { reader } = storeConfig.parse({ reader: { maxExecutionTime: '1500ms', maxThreads: 3 } });
  expect(readerSettings(reader)).toMatchObject({
    readonly: 2,
    max_execution_time: 1.5,
    max_memory_usage: 1024 ** 3,
    max_rows_to_read: 2_000_000_000,
    max_threads: 3,
    read_overflow_mode: 'throw',
  });
  expect(readerSettings(storeConfig.parse({}).reader)).not.toHaveProperty('max_threads');
});
