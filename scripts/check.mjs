// Every gate but the tests, all of them even when one fails, and a list of the outcome at the end.
// `npm run check -- NAME…` runs only the gates named.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareCasts, longFunctions } from './check/functions-and-casts.mjs';
import { fileLengths, folderSizes, testMirror } from './check/layout.mjs';
import { bannedWords, privateWords } from './check/words.mjs';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const BIN = (name) => `node_modules/${name}`;

const GATES = {
  // Format, lint, layers (noRestrictedImports) and import cycles.
  biome: () =>
    node(BIN('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '--error-on-warnings', '.'),
  types: () => node(BIN('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'),
  // Files, exports and dependencies nobody uses.
  'dead code': () => node(BIN('knip/bin/knip.js'), '--no-progress'),
  'generated code': () => node('scripts/generate.mjs', '--check'),
  projection: () => node(BIN('tsx/dist/cli.mjs'), 'scripts/projection.ts', '--check'),
  'reference pages': () => node(BIN('tsx/dist/cli.mjs'), 'scripts/reference.ts', '--check'),
  layers: () => node('scripts/layers.mjs', '--check'),
  'lock file': () => node('scripts/lock.mjs', '--check'),
  'file length': async () => fileLengths(await texts(/^(src|test|scripts)\/.*\.(ts|mjs)$/)),
  'folder size': async () => folderSizes(await names(/^src\/.*\.ts$/)),
  'test mirror': async () => testMirror(await names(/^(src|test)\/.*\.ts$/)),
  functions: async () => longFunctions(await texts(/^src\/.*\.ts$/)),
  casts: async () => bareCasts(await texts(/^src\/.*\.ts$/)),
  // Migrations that stores have run cannot change.
  'plain words': async () =>
    bannedWords(await texts(/^(src\/(?!store\/migrations\/)|docs\/|web\/|\w+\.md$)/)),
  'private words': async () => privateWords(await texts(/^(?!scripts\/check\/words\.mjs$)/)),
};

/** Runs a Node program; its output when it fails, nothing when it does not. */
function node(...args) {
  return new Promise((resolve) => {
    const options = { cwd: HOME, maxBuffer: 64 << 20, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}`.trim() || error.message : '');
    });
  });
}

/** Files of the working tree that are, or would be, in the repository; generated ones left out. */
async function names(pattern) {
  const listed = await new Promise((resolve, reject) => {
    const args = ['ls-files', '-co', '--exclude-standard', '-z'];
    execFile('git', args, { cwd: HOME, maxBuffer: 64 << 20 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.split('\0'));
    });
  });
  return listed.filter((name) => pattern.test(name) && !name.endsWith('.gen.ts'));
}

/** Pairs of name and text; binary and very large files left out. */
async function texts(pattern) {
  const pairs = (await names(pattern)).map((name) => [name, read(name)]);
  return pairs
    .filter(([, bytes]) => bytes !== undefined && bytes.length <= 4 << 20 && !bytes.includes(0))
    .map(([name, bytes]) => [name, bytes.toString()]);
}

function read(name) {
  try {
    return readFileSync(join(HOME, name));
  } catch {
    // Deleted and not yet committed.
    return undefined;
  }
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(GATES, name));
if (unknown.length > 0) {
  console.error(
    `no gate called ${unknown.join(', ')}; the gates are ${Object.keys(GATES).join(', ')}`,
  );
  process.exit(1);
}

const outcomes = [];
for (const [name, gate] of Object.entries(GATES)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const began = Date.now();
  const found = await gate();
  const problem = Array.isArray(found) ? found.join('\n') : found;
  if (problem !== '') console.log(`\n── ${name} ──\n${problem}`);
  outcomes.push({ name, ok: problem === '', seconds: (Date.now() - began) / 1000 });
}
console.log('');
for (const { name, ok, seconds } of outcomes)
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
