// `npm run dev`: the program on two simulated clusters, compiled and started again whenever a source changes. It has a
// build and a data directory of its own below .cache/dev; arguments go to `parallax up`.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const HOME = join(import.meta.dirname, '..');
const TARGET = join(HOME, '.cache/dev');

rmSync(TARGET, { recursive: true, force: true });
execFileSync(process.execPath, ['scripts/build.mjs', TARGET], { cwd: HOME, stdio: 'inherit' });
const children = [
  start(
    'node_modules/typescript/bin/tsc',
    ...['-p', 'tsconfig.build.json', '--outDir', join(TARGET, 'dist')],
    ...['--watch', '--preserveWatchOutput'],
  ),
  start(
    `--watch-path=${join(TARGET, 'dist')}`,
    '--watch-preserve-output',
    ...[join(TARGET, 'bin/parallax.js'), 'up', '--data-dir', join(TARGET, 'data')],
    ...process.argv.slice(2),
  ),
];
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of children) end(child, signal);
  });

function start(...args) {
  // A process group each, because tsc runs as a child of its launcher.
  const child = spawn(process.execPath, args, { cwd: HOME, stdio: 'inherit', detached: true });
  child.on('exit', (code) => {
    process.exitCode ||= code ?? 1;
    for (const other of children) if (other !== child) end(other, 'SIGTERM');
  });
  return child;
}

function end({ pid, exitCode, signalCode }, signal) {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
}
