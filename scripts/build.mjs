// Compiles src to dist and copies the migrations beside the compiled store. `node scripts/build.mjs DIRECTORY` builds
// into DIRECTORY/dist, with what else the program reads, and leaves dist alone.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const HOME = join(import.meta.dirname, '..');
const target = process.argv[2] ?? HOME;
const next = join(target, 'dist.next');

mkdirSync(target, { recursive: true });
rmSync(next, { recursive: true, force: true });
execFileSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', next],
  { cwd: HOME, stdio: 'inherit' },
);
cpSync(join(HOME, 'src/store/migrations'), join(next, 'store/migrations'), { recursive: true });
// A build that fails leaves the last one as it was.
rmSync(join(target, 'dist'), { recursive: true, force: true });
renameSync(next, join(target, 'dist'));

if (target !== HOME) {
  for (const part of ['bin', 'proto', 'package.json'])
    cpSync(join(HOME, part), join(target, part), { recursive: true });
  symlinkSync(join(HOME, 'node_modules'), join(target, 'node_modules'));
}
