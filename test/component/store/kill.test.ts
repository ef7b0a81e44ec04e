// Killed at any moment, the embedded store opens again with every acknowledged insert whole, none in parts, and takes
// the unacknowledged ones again without doubles.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { readLock } from '../../../src/store/engine/lock.ts';
import { flowBlock } from '../../engines/flow-rows.ts';
import { openStore, rowsOf } from '../../engines/stores.ts';
import { dice, someSeed } from '../../support/e2e/seeded.ts';

const ROUNDS = Number(process.env.PARALLAX_KILL_ROUNDS ?? 8);
const ROWS = 700;
const random = dice(someSeed());
console.log(`lives from PARALLAX_SEED=${random.seed}`);
// A batch has one time of arrival, however often it is inserted.
const RECEIVED = Date.now();
const directory = mkdtempSync(join(tmpdir(), 'parallax-kill-'));
const path = join(directory, 'data');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the child for some time, kills it, and gives back the tokens it said were stored. */
async function runAndKill(round: number, lifeMs: number): Promise<readonly string[]> {
  const script = resolve(import.meta.dirname, '../../engines/insert-child.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, path, String(round), String(ROWS), String(RECEIVED)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise<unknown>((done) => child.once('exit', (_, signal) => done(signal)));
  const said: string[] = [];
  // Every other round lives until it has stored something, however busy the machine is.
  let armed = false;
  for await (const line of createInterface(child.stdout)) {
    if (line !== 'open') said.push(line);
    if (armed || (round % 2 === 0 && said.length === 0)) continue;
    armed = true;
    setTimeout(() => child.kill('SIGKILL'), lifeMs);
  }
  expect(await ended).toBe('SIGKILL');
  return said;
}

test('every acknowledged insert survives, whole and once', {
  timeout: 60_000 + ROUNDS * 20_000,
}, async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await runAndKill(round, random.between(20, 420))));
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS / 2);
  expect(await readLock(path)).toBeUndefined();

  const { store, stop } = await openStore({ chdb: { path } });
  const sql = 'SELECT relay, count(), uniqExact(uuid) FROM flows GROUP BY relay';
  const stored = new Map((await rowsOf(store, sql)).map((row) => [row[0], row.slice(1)]));
  const whole = [String(ROWS), String(ROWS)];
  for (const mark of acknowledged) expect(stored.get(mark), mark).toEqual(whole);
  // What was not acknowledged is there whole, or not at all.
  for (const [mark, counts] of stored) expect(counts, String(mark)).toEqual(whole);

  // All of it comes again, with what was on its way when the child died.
  const again = new Set(acknowledged);
  for (let round = 0; round < ROUNDS; round++) {
    const last = acknowledged.filter((mark) => mark.startsWith(`${round}:`)).length;
    for (let i = 0; i < 4; i++) again.add(`${round}:${last + i}`);
  }
  for (const mark of again) {
    await store.insert(flowBlock({ rows: ROWS, mark, receivedAt: RECEIVED }), { token: mark });
  }
  const after = new Map((await rowsOf(store, sql)).map((row) => [row[0], row.slice(1)]));
  for (const mark of again) expect(after.get(mark), mark).toEqual(whole);
  for (const [mark, counts] of after) expect(counts, String(mark)).toEqual(whole);
  await stop();
});
