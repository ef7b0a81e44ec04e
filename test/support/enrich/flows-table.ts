// A table with the catalogue's columns in a chDB of its own, fed with Native blocks the way the store does it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { EVENT_COLUMNS, FLOW_COLUMNS } from '../../../src/store/schema/columns.ts';
import type { NativeBlock } from '../../../src/store/store.ts';

export class FlowsTable {
  private readonly directory = mkdtempSync(join(tmpdir(), 'parallax-project-'));
  private readonly session = new Session(join(this.directory, 'data'));

  constructor() {
    for (const [table, columns] of Object.entries({ flows: FLOW_COLUMNS, events: EVENT_COLUMNS })) {
      const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
      this.session.query(`CREATE TABLE ${table} (${list}) ENGINE = Memory`);
    }
  }

  insert({ table, columns, bytes }: NativeBlock): void {
    const file = join(this.directory, 'block.native');
    writeFileSync(file, bytes);
    const list = columns.join(', ');
    this.session.query(
      `INSERT INTO ${table} (${list}) SELECT ${list} FROM file('${file}', 'Native')`,
    );
  }

  /** Rows in the order they were inserted, as the store's `query` yields them. */
  select(list: string, rest: string): unknown[][] {
    const settings = 'max_threads = 1, output_format_json_quote_64bit_integers = 1';
    const sql = `SELECT ${list} FROM ${rest} SETTINGS ${settings}`;
    const lines = this.session.query(sql, 'JSONCompactEachRow').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown[]);
  }

  clear(): void {
    for (const table of ['flows', 'events']) this.session.query(`TRUNCATE TABLE ${table}`);
  }

  close(): void {
    this.session.cleanup();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
