import { expect, test } from 'vitest';
import { storeConfig } from '../../../../src/store/config.ts';
import { adjustments } from '../../../../src/store/schema/table-settings.ts';

const TTL = 'TTL toDateTime(received_at) + toIntervalSecond(2592000)';
const settings = (more: string) =>
  `SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000${more}`;
const nothing = new Set<string>();
const all = new Set(['auto_statistics_types', 'min_parts_to_merge_at_once']);
const config = (written: object) => storeConfig.parse(written);

test('a table as configured is left alone', () => {
  const table = `MergeTree PARTITION BY x ORDER BY y ${TTL} ${settings(', index_granularity = 8192')}`;
  expect(adjustments('flows', table, config({}), nothing)).toEqual([]);
  const tuned = `${table}, auto_statistics_types = '', min_parts_to_merge_at_once = 25`;
  expect(adjustments('flows', tuned, config({}), all)).toEqual([]);
});

test('what differs is changed, each in one statement', () => {
  const table = `MergeTree ORDER BY y ${TTL} ${settings('')}`;
  expect(
    adjustments(
      'flows',
      table,
      config({ retention: '36h', fsync: true, deduplicationWindow: 500 }),
      all,
    ),
  ).toEqual([
    'ALTER TABLE flows MODIFY TTL toDateTime(received_at) + toIntervalSecond(129600) SETTINGS materialize_ttl_after_modify = 0',
    "ALTER TABLE flows MODIFY SETTING auto_statistics_types = '', min_parts_to_merge_at_once = 25, " +
      'non_replicated_deduplication_window = 500, fsync_after_insert = 1, fsync_part_directory = 1',
  ]);
});

test('settings the server does not know are not sent', () => {
  const table = `MergeTree ORDER BY y ${TTL} ${settings('')}`;
  expect(adjustments('flows', table, config({}), nothing)).toEqual([]);
});

test('retention off and on again', () => {
  const off = config({ retention: '0d' });
  const table = (ttl: string) => `MergeTree ORDER BY y ${ttl} ${settings('')}`;
  expect(adjustments('events', table(TTL), off, nothing)).toEqual([
    'ALTER TABLE events REMOVE TTL',
  ]);
  expect(adjustments('events', table(''), off, nothing)).toEqual([]);
  expect(adjustments('events', table(''), config({}), nothing)).toHaveLength(1);
});

test('fsync is taken off again', () => {
  const table = `MergeTree ${TTL} ${settings(', fsync_after_insert = 1, fsync_part_directory = 1')}`;
  expect(adjustments('flows', table, config({}), nothing)).toEqual([
    'ALTER TABLE flows MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0',
  ]);
});

test('denials and totals are kept for times of their own', () => {
  const table = `AggregatingMergeTree ORDER BY y ${TTL} ${settings('')}`;
  const times = config({ denialRetention: '2d', totalsRetention: '0d' });
  const seconds = (statements: readonly string[]) =>
    statements.map((statement) => /toIntervalSecond\((\d+)\)|REMOVE TTL/.exec(statement)?.[0]);
  for (const name of ['denials', 'incidents'] as const)
    expect(seconds(adjustments(name, table, times, nothing))).toEqual(['toIntervalSecond(172800)']);
  expect(seconds(adjustments('flow_totals', table, times, nothing))).toEqual(['REMOVE TTL']);
  expect(adjustments('flows', table, times, nothing)).toEqual([]);
});
