import { expect, test } from 'vitest';
import { tablesOf } from '../../../../src/query/read/tables-of.ts';

test.each<[string, readonly string[]]>([
  ['SELECT count() FROM flows', ['flows']],
  ['select 1 from system.parts p, `flows` AS f, "events"', ['system.parts', 'flows', 'events']],
  ['SELECT * FROM (SELECT a FROM flows UNION ALL SELECT b FROM events) AS x', ['flows', 'events']],
  [
    'WITH q AS (SELECT * FROM flows) SELECT * FROM q JOIN identities USING a',
    ['flows', 'identities'],
  ],
  ['SELECT 1 FROM numbers(10)', ['numbers']],
  ['SELECT 1 FROM {table:Identifier}', ['{table:Identifier}']],
  ['SELECT x FROM events ARRAY JOIN splitByChar(a, b) AS node', ['events']],
  [
    "SELECT 'x FROM secrets' -- FROM secrets\n /* FROM secrets */ FROM flows WHERE a = '\\' FROM b'",
    ['flows'],
  ],
  [
    'SELECT 1 FROM flows WHERE a IN (1) AND b IN {p1:Array(String)} AND c IN (SELECT d FROM events)',
    ['flows', 'events'],
  ],
  ['SELECT 1 FROM flows WHERE a IN secrets', ['flows', 'secrets']],
  ['SELECT 1 FROM flows WHERE has(a, b) AND (c IN splitByChar(d, e))', ['flows']],
])('%s', (sql, tables) => expect(tablesOf(sql).sort()).toEqual([...tables].sort()));
