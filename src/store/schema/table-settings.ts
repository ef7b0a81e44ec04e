// Keeps what the configuration says about tables that exist already: how long rows stay, how far back repeated inserts
// are recognised, whether inserts are flushed.
import type { StoreConfig } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import { quote } from '../engine/literals.ts';

/** The tables, each with what says how long its rows stay. */
const RETENTION = {
  flows: 'retention',
  events: 'retention',
  coverage: 'retention',
  identities: 'retention',
  cluster_facts: 'retention',
  denials: 'denialRetention',
  incidents: 'denialRetention',
  incident_events: 'denialRetention',
  deliveries: 'denialRetention',
  flow_totals: 'totalsRetention',
} as const satisfies Readonly<Record<string, keyof StoreConfig>>;

type KeptTable = keyof typeof RETENTION;

/** Settings that not every server knows: left out where they are unknown. */
const TUNING = {
  // Statistics of 107 columns cost a third of every merge and serve no query of ours (on by default since 25.10).
  auto_statistics_types: '',
  // Merge 25 parts or more at once: a pass costs several µs a row, and each row is then merged less often on its way to
  // the largest parts.
  min_parts_to_merge_at_once: 25,
} as const;

/** The statements that bring the tables in line; none when they are. */
export async function tableAdjustments(
  engine: Engine,
  config: StoreConfig,
): Promise<readonly string[]> {
  const statements: string[] = [];
  const known = await knownTuning(engine);
  const sql = `SELECT name, engine_full FROM system.tables
    WHERE database = {database:String} AND name IN ({tables:Array(String)}) ORDER BY name`;
  const params = { database: engine.database, tables: Object.keys(RETENTION) };
  for await (const [name, engineFull] of engine.query(sql, params, new AbortController().signal)) {
    // One of those asked for.
    statements.push(...adjustments(String(name) as KeptTable, String(engineFull), config, known));
  }
  return statements;
}

/** `engineFull` as ClickHouse shows it: `MergeTree PARTITION BY … TTL … SETTINGS a = 1, b = 2`. */
export function adjustments(
  table: KeptTable,
  engineFull: string,
  config: StoreConfig,
  known: ReadonlySet<string>,
): readonly string[] {
  const statements: string[] = [];
  const seconds = Math.round(config[RETENTION[table]] / 1000);
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
  const tuning = Object.entries(TUNING).filter(([name]) => known.has(name));
  const wanted: Record<string, string | number> = {
    ...Object.fromEntries(tuning),
    non_replicated_deduplication_window: config.deduplicationWindow,
    fsync_after_insert: fsync,
    fsync_part_directory: fsync,
  };
  const changes = Object.entries(wanted)
    .filter(([name, value]) => !has(engineFull, name, value))
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quote(value) : value}`);
  if (changes.length > 0) {
    statements.push(`ALTER TABLE ${table} MODIFY SETTING ${changes.join(', ')}`);
  }
  return statements;
}

/** Whether the table says so itself; a number that it does not mention counts as 0, the engine's default. */
function has(engineFull: string, name: string, value: string | number): boolean {
  const found = new RegExp(`\\b${name} = ('[^']*'|\\d+)`).exec(engineFull)?.[1];
  if (typeof value === 'string') return found === quote(value);
  return Number(found ?? 0) === value;
}

async function knownTuning(engine: Engine): Promise<ReadonlySet<string>> {
  const names = Object.keys(TUNING);
  const sql = 'SELECT name FROM system.merge_tree_settings WHERE name IN ({names:Array(String)})';
  const known = new Set<string>();
  const rows = engine.query(sql, { names }, new AbortController().signal);
  for await (const [name] of rows) known.add(String(name));
  return known;
}
