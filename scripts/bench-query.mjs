// `npm run bench:query`: hands its flags to the bench of the answers.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const args = ['--import', 'tsx', 'test/bench/query/run.ts', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { cwd: HOME, stdio: 'inherit' }).status ?? 1;
