// Keeps what the configuration says about tables that exist already: how long rows stay, how far back repeated inserts
// are recognised, whether inserts are flushed.
import type { StoreConfig } from './config.ts';
import type { Engine } from './engine.ts';

const TABLES = ['flows', 'events'] as const;

/** The statements that bring the tables in line; none when they are. */
export async function tableAdjustments(
  engine: Engine,
  config: StoreConfig,
): Promise<readonly string[]> {
  const statements: string[] = [];
  const sql = `SELECT name, engine_full FROM system.tables
    WHERE database = {database:String} AND name IN ({tables:Array(String)}) ORDER BY name`;
  const params = { database: engine.database, tables: TABLES };
  for await (const [name, engineFull] of engine.query(sql, params, new AbortController().signal)) {
    statements.push(...adjustments(String(name), String(engineFull), config));
  }
  return statements;
}

/** `engineFull` as ClickHouse tells it: `MergeTree PARTITION BY … TTL … SETTINGS a = 1, b = 2`. */
export function adjustments(
  table: string,
  engineFull: string,
  config: StoreConfig,
): readonly string[] {
  const statements: string[] = [];
  const seconds = Math.round(config.retention / 1000);
  const ttl = /TTL toDateTime\(received_at\) \+ toIntervalSecond\((\d+)\)/.exec(engineFull);
  if (seconds === 0) {
    if (ttl !== null) statements.push(`ALTER TABLE ${table} REMOVE TTL`);
  } else if (Number(ttl?.[1]) !== seconds) {
    // Parts are dropped whole by their newest row; nothing has to be rewritten for a new time.
    statements.push(
      `ALTER TABLE ${table} MODIFY TTL toDateTime(received_at) + toIntervalSecond(${seconds}) ` +
        'SETTINGS materialize_ttl_after_modify = 0',
    );
  }
  const fsync = config.fsync ? 1 : 0;
  const wanted = {
    non_replicated_deduplication_window: config.deduplicationWindow,
    fsync_after_insert: fsync,
    fsync_part_directory: fsync,
  };
  const changes = Object.entries(wanted)
    .filter(([name, value]) => settingOf(engineFull, name) !== value)
    .map(([name, value]) => `${name} = ${value}`);
  if (changes.length > 0)
    statements.push(`ALTER TABLE ${table} MODIFY SETTING ${changes.join(', ')}`);
  return statements;
}

function settingOf(engineFull: string, name: string): number {
  return Number(new RegExp(`\\b${name} = (\\d+)`).exec(engineFull)?.[1] ?? 0);
}
