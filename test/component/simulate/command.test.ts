import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { readLedger } from '../../../src/simulate/ledger.ts';
import { read, until } from '../../support/simulate/harness.ts';

function simulate(...args: string[]) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'simulate', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    out.stdout += text;
  });
  child.stderr.on('data', (text) => {
    out.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, out, ended };
}

test('prints addresses for --relay, serves, keeps the ledger, ends on SIGTERM', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'parallax-simulate-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const ledger = join(dir, 'ledger');
  const { child, out, ended } = simulate(
    ...['--scenario', 'load', '--clusters', '3', '--rate', '2000', '--count', '500'],
    ...['--ledger', ledger],
  );
  await until('three addresses', () => out.stdout.split('\n').length === 4, 60_000);
  const lines = out.stdout.trim().split('\n');
  expect(lines.map((line) => line.split('=')[0])).toEqual(['load-1', 'load-2', 'load-3']);
  const from = new Client(lines[1]?.split('=')[1] ?? '', credentials.createInsecure());
  onTestFinished(() => from.close());
  const reading = read(from, { follow: true, since: { seconds: 0n, nanos: 0 } });
  await until('every flow of one relay', () => reading.uuids.length === 500);
  await until('the ledger', () => readLedger(ledger).sent.length === 1500);
  expect(readLedger(ledger).sent).toEqual(expect.arrayContaining(reading.uuids));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('says what is wrong with a flag', async () => {
  const bad = simulate('--scenario', 'load', '--rate', 'fast', '--ring', '0');
  expect(await bad.ended).toBe(1);
  expect(bad.out.stderr).toMatch(/rate: .*; ring: |ring: .*; rate: /);
  expect(bad.out.stdout).toBe('');
});
