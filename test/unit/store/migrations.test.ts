// The SQL files against the column catalogue and against the rules that make them safe to run.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadMigrations, MIGRATIONS, statementsOf } from '../../../src/store/migrate.ts';
import {
  DELIVERY_COLUMNS,
  INCIDENT_EVENT_COLUMNS,
} from '../../../src/store/schema/alert-columns.ts';
import type { Column } from '../../../src/store/schema/column.ts';
import { EVENT_COLUMNS, FLOW_COLUMNS } from '../../../src/store/schema/columns.ts';
import { COVERAGE_COLUMNS } from '../../../src/store/schema/coverage-columns.ts';
import {
  DENIAL_COLUMNS,
  FLOW_TOTAL_COLUMNS,
  INCIDENT_COLUMNS,
} from '../../../src/store/schema/denial-columns.ts';

const migrations = await loadMigrations();

/** Column lines of a CREATE TABLE statement: `name Type CODEC(…)` or `name Type ALIAS …`. */
function columnsOf(statement: string) {
  const lines = statement.split('\n').map((line) => line.trim());
  const body = lines.slice(lines.indexOf('(') + 1, lines.indexOf(')'));
  return body
    .filter((line) => /^[a-z_0-9]+ [A-Z]/.test(line))
    .map((line) => {
      const match = /^(\w+) (.+?)(?: CODEC\((.*)\)| (ALIAS) .*)?,?$/.exec(line);
      return { name: match?.[1], type: match?.[2], codec: match?.[3], alias: match?.[4] };
    });
}

/** Columns of a table as it was made, with those that later files put between them. */
function tableColumns(table: string) {
  const columns = columnsOf(statement(`CREATE TABLE IF NOT EXISTS ${table}`));
  for (const { statements } of migrations)
    for (const sql of statements.filter((each) =>
      new RegExp(`^ALTER TABLE ${table}\\s`).test(each),
    ))
      for (const [, line = '', before] of sql.matchAll(
        /ADD COLUMN IF NOT EXISTS (.*) AFTER (\w+)/g,
      ))
        columns.splice(
          columns.findIndex(({ name }) => name === before) + 1,
          0,
          ...columnsOf(`(\n  ${line}\n)`),
        );
  return columns;
}

const stored = (table: string) =>
  tableColumns(table)
    .filter(({ alias }) => alias === undefined)
    .map(({ name, type }) => `${name} ${type}`);
const wanted = (columns: readonly Column[]) => columns.map(({ name, type }) => `${name} ${type}`);

const statement = (start: string) => {
  const found = migrations
    .flatMap(({ statements }) => statements)
    .find((sql) => sql.startsWith(start));
  if (found === undefined) throw new Error(`no statement starts with ${start}`);
  return found;
};

const TABLES = [
  ...['flows', 'events', 'coverage', 'denials', 'incidents', 'flow_totals'],
  ...['incident_events', 'deliveries'],
];

test('flows has the catalogue’s columns, in order', () => {
  expect(stored('flows')).toEqual(wanted(FLOW_COLUMNS));
});

test('events has the catalogue’s columns, in order', () => {
  expect(stored('events')).toEqual(wanted(EVENT_COLUMNS));
});

test('coverage has the catalogue’s columns, in order', () => {
  expect(stored('coverage')).toEqual(wanted(COVERAGE_COLUMNS));
});

test('what is derived from flows has the catalogue’s columns, in order', () => {
  // The types of their cells, whatever is done with them when rows merge.
  const merged = (sql: string) => sql.replace(/SimpleAggregateFunction\(\w+, (.*)\)$/, '$1');
  for (const [table, columns] of [
    ['denials', DENIAL_COLUMNS],
    ['incidents', INCIDENT_COLUMNS],
    ['flow_totals', FLOW_TOTAL_COLUMNS],
  ] as const)
    expect(stored(table).map(merged)).toEqual(wanted(columns));
});

test('the log of incidents and its deliveries have the catalogue’s columns, in order', () => {
  for (const [table, columns] of [
    ['incident_events', INCIDENT_EVENT_COLUMNS],
    ['deliveries', DELIVERY_COLUMNS],
  ] as const)
    expect(stored(table)).toEqual(wanted(columns));
});

test('every stored column says how it is compressed', () => {
  for (const table of TABLES) {
    for (const column of tableColumns(table)) {
      if (column.alias === undefined) expect(column.codec, column.name).toBeDefined();
    }
  }
});

test('the key, skip indexes and aliases name columns that exist', () => {
  const sql = statement('CREATE TABLE IF NOT EXISTS flows');
  const names = new Set<string>(FLOW_COLUMNS.map(({ name }) => name));
  const key =
    /ORDER BY \(([^)]*)\)/
      .exec(sql)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const indexed = [...sql.matchAll(/INDEX \w+ (\w+) TYPE/g)].map((match) => match[1] ?? '');
  const aliased = [...sql.matchAll(/ALIAS (?:transform\(|if\()(\w+)/g)].map(
    (match) => match[1] ?? '',
  );
  expect(key[0]).toBe('time_slot');
  expect(indexed).toContain('uuid');
  expect(aliased).toHaveLength(8);
  for (const name of [...key, ...indexed, ...aliased]) expect(names, name).toContain(name);
});

test('files are numbered without gaps, and can run twice', () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1));
  for (const { name, statements } of migrations) {
    expect(name).toMatch(/^\d{4}_[a-z0-9_]+\.sql$/);
    for (const sql of statements) expect(sql, name).toMatch(/\bIF (NOT )?EXISTS\b/);
  }
});

test('every table keeps enough tokens and lets whole parts go', () => {
  for (const table of ['flows', 'events', 'coverage']) {
    const sql = statement(`CREATE TABLE IF NOT EXISTS ${table}`);
    expect(sql).toContain('PARTITION BY toYYYYMMDD(received_at)');
    expect(sql).toContain('TTL toDateTime(received_at) + toIntervalSecond(2592000)');
    expect(sql).toContain('ttl_only_drop_parts = 1');
    expect(sql).toContain('non_replicated_deduplication_window = 10000');
  }
});

test('statements are cut at semicolons that end a line', () => {
  const text = "-- one; two;\nSELECT ';';\n\nSELECT 2\n  -- three;\n  FROM x;\nSELECT 'a;b'";
  expect(statementsOf(text)).toEqual(["SELECT ';'", 'SELECT 2\n  FROM x', "SELECT 'a;b'"]);
});

test('no migration changed since it was locked, and none is left unlocked', async () => {
  const text = await readFile(new URL('lock.json', MIGRATIONS), 'utf8');
  const present = Object.fromEntries(migrations.map(({ name, checksum }) => [name, checksum]));
  expect(JSON.parse(text), 'run node scripts/migration-lock.mjs').toEqual(present);
});
