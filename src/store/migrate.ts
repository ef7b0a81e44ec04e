// Brings the tables up to date: numbered SQL files, each run once, in order. Two processes may do it at once: every
// statement says IF [NOT] EXISTS, and each run is recorded under a token, so once.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { ParallaxError } from '../runtime/errors.ts';
import type { Engine } from './engine/engine.ts';
import { clickhouseCode } from './engine/failure.ts';
import { encodeRows } from './native/native-rows.ts';
import { type Column, column, MILLIS } from './schema/column.ts';

export interface Migration {
  readonly version: number;
  /** File name. */
  readonly name: string;
  /** SHA-256 of the file. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

interface Recorded {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

export const MIGRATIONS = new URL('./migrations/', import.meta.url);

const RECORD_COLUMNS: readonly Column[] = [
  column('version', 'u32', 'Number of the file.'),
  column('name', 'string', 'Name of the file.'),
  column('checksum', 'string', 'SHA-256 of the file.'),
  column('applied_at', 'i64', 'When it had run.', MILLIS),
];

const UNKNOWN_TABLE = 60;
const UNKNOWN_DATABASE = 81;

/** The migrations of this program, in order. */
export async function loadMigrations(directory: URL = MIGRATIONS): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (name) => {
      const text = await readFile(new URL(name, directory), 'utf8');
      return {
        version: Number.parseInt(name, 10),
        name,
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: statementsOf(text),
      };
    }),
  );
}

/** Statements end with a semicolon at the end of a line; whole-line comments are left out. */
export function statementsOf(text: string): readonly string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.replace(/\n{2,}/g, '\n').trim())
    .filter((statement) => statement !== '');
}

/**
 * The migrations the store has not seen. Throws `store/migration` when one was changed after it ran, or when the store
 * has some this program does not know.
 */
export async function pendingMigrations(
  engine: Engine,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const recorded = await readRecorded(engine);
  for (const past of recorded) {
    const known = migrations.find(({ version }) => version === past.version);
    if (known === undefined) {
      throw new ParallaxError(
        'store/migration',
        `the store has migration ${past.version} (${past.name}), which this program does not know; ` +
          'use the version of parallax that made it, or a newer one',
      );
    }
    if (known.checksum !== past.checksum) {
      throw new ParallaxError(
        'store/migration',
        `migration ${past.version} (${known.name}) was changed after it ran: recorded ` +
          `${past.checksum.slice(0, 12)}, now ${known.checksum.slice(0, 12)}; restore the file and put the change ` +
          'into a new one',
      );
    }
  }
  const ran = new Set(recorded.map(({ version }) => version));
  return migrations.filter(({ version }) => !ran.has(version));
}

/** Runs one migration and records it. */
export async function applyMigration(
  engine: Engine,
  migration: Migration,
  now: number,
): Promise<void> {
  for (const statement of migration.statements) await engine.command(statement, {});
  const row = {
    version: migration.version,
    name: migration.name,
    checksum: migration.checksum,
    applied_at: BigInt(now),
  };
  await engine.insert(
    encodeRows('parallax_migrations', RECORD_COLUMNS, [row]),
    `migration:${migration.version}`,
  );
}

async function readRecorded(engine: Engine): Promise<readonly Recorded[]> {
  const sql =
    'SELECT version, any(name), any(checksum) FROM parallax_migrations GROUP BY version ORDER BY version';
  const recorded: Recorded[] = [];
  try {
    for await (const row of engine.query(sql, {}, new AbortController().signal)) {
      recorded.push({
        version: Number(row[0]),
        name: String(row[1]),
        checksum: String(row[2]),
      });
    }
  } catch (error) {
    const code = clickhouseCode(error);
    if (code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE) return [];
    throw error;
  }
  return recorded;
}
