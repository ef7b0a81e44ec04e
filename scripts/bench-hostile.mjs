// `npm run bench:hostile`: hands its flags to the bench of storing while the API is attacked.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const args = ['--import', 'tsx', 'test/bench/hostile/run.ts', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { cwd: HOME, stdio: 'inherit' }).status ?? 1;
