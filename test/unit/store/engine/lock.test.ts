import { rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryLock, readLock } from '../../../../src/store/engine/lock.ts';

const STARTED = Date.UTC(2026, 0, 2);
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parallax-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;
const leave = (content: string) => writeFileSync(join(directory, 'parallax.lock'), content);

test('taken, read, given an address, released', async () => {
  const path = join(directory, 'new', 'deep');
  const lock = await DirectoryLock.take(path, STARTED);
  expect(await readLock(path)).toMatchObject({
    pid: process.pid,
    startedAt: '2026-01-02T00:00:00.000Z',
  });
  await lock.setApiAddress('http://127.0.0.1:1');
  expect(await readLock(path)).toMatchObject({ api: 'http://127.0.0.1:1', pid: process.pid });
  await lock.release();
  expect(await readLock(path)).toBeUndefined();
  expect(readdirSync(path)).toEqual([]);
});

test('a live process keeps it, and is named', async () => {
  const lock = await DirectoryLock.take(directory, STARTED);
  await rejects(DirectoryLock.take(directory, STARTED), {
    code: 'store/locked',
    message: new RegExp(`process ${process.pid} has ${directory} open; stop it`),
  });
  await lock.setApiAddress('http://127.0.0.1:4245');
  await rejects(DirectoryLock.take(directory, STARTED), /ask it at http:\/\/127\.0\.0\.1:4245/);
  expect(readdirSync(directory)).toEqual(['parallax.lock']);
  await lock.release();
});

test('a dead process’s lock is taken over', async () => {
  leave(JSON.stringify({ pid: deadPid(), startedAt: '2026-01-01T00:00:00Z' }));
  expect(await readLock(directory)).toBeUndefined();
  const lock = await DirectoryLock.take(directory, STARTED);
  expect(await readLock(directory)).toMatchObject({ pid: process.pid });
  expect(readdirSync(directory)).toEqual(['parallax.lock']);
  await lock.release();
});

test.runIf(process.platform === 'linux')(
  'a number given to another process is no lock',
  async () => {
    leave(JSON.stringify({ pid: process.pid, startedAt: '2026-01-01T00:00:00Z', process: 'x/1' }));
    expect(await readLock(directory)).toBeUndefined();
    await (await DirectoryLock.take(directory, STARTED)).release();
  },
);

test.each(['', '{"pid":', '[]', '{"pid":"1"}', '{"pid":-4,"startedAt":""}'])(
  'a lock that cannot be read counts as left behind: %s',
  async (content) => {
    leave(content);
    expect(await readLock(directory)).toBeUndefined();
    await (await DirectoryLock.take(directory, STARTED)).release();
  },
);

test('of many that try at once over a stale lock, one gets it', async () => {
  leave(JSON.stringify({ pid: deadPid(), startedAt: '2026-01-01T00:00:00Z' }));
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, () => DirectoryLock.take(directory, STARTED)),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
