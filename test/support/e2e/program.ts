// The program as users have it: built by the real build in a directory of its own, so that nobody else's build can
// change it under a running test. PARALLAX_PROGRAM names a built copy that is taken instead.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HOME = fileURLToPath(new URL('../../..', import.meta.url));
const PARTS = [
  'src',
  'bin',
  'proto',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
];

export interface Program {
  /** The script to run with node. */
  readonly script: string;
  remove(): Promise<void>;
}

export async function buildProgram(): Promise<Program> {
  const ready = process.env.PARALLAX_PROGRAM;
  if (ready) return { script: join(ready, 'bin/parallax.js'), remove: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'parallax-program-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    for (const part of PARTS) {
      await cp(join(HOME, part), join(directory, part), { recursive: true });
    }
    await symlink(join(HOME, 'node_modules'), join(directory, 'node_modules'));
    await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: directory });
  } catch (error) {
    await remove();
    const { stdout = '' } = error as { stdout?: string };
    throw new Error(`the program does not build: ${stdout || String(error)}`, { cause: error });
  }
  return { script: join(directory, 'bin/parallax.js'), remove };
}
