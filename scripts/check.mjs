// Every gate but the tests, all of them even when one fails, and a list of the outcome at the end.
// `npm run check -- NAME…` runs only the gates named.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const BIN = (name) => `node_modules/${name}`;
const MAX_LINES = 400;
const GENERATED = /\.gen\.ts$/;

const GATES = {
  // Format, lint, layers (noRestrictedImports) and import cycles.
  biome: () => node(BIN('@biomejs/biome/bin/biome'), 'ci', '--error-on-warnings', '.'),
  types: () => node(BIN('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'),
  // Files, exports and dependencies nobody uses.
  'dead code': () => node(BIN('knip/bin/knip.js'), '--no-progress'),
  'generated code': () => node('scripts/generate.mjs', '--check'),
  'reference pages': () => node(BIN('tsx/dist/cli.mjs'), 'scripts/reference.ts', '--check'),
  layers: () => node('scripts/layers.mjs', '--check'),
  'lock file': () => node('scripts/lock.mjs', '--check'),
  'file length': fileLength,
  'private words': privateWords,
};

/** Runs a Node program; its output when it fails, nothing when it does not. */
function node(...args) {
  return new Promise((resolve) => {
    const options = { cwd: HOME, maxBuffer: 64 << 20, env: { ...process.env, FORCE_COLOR: '0' } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}`.trim() || error.message : '');
    });
  });
}

/** Files of the working tree that are, or would be, in the repository. */
function files() {
  return new Promise((resolve, reject) => {
    const args = ['ls-files', '-co', '--exclude-standard', '-z'];
    execFile('git', args, { cwd: HOME, maxBuffer: 64 << 20 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.split('\0').filter((name) => name !== ''));
    });
  });
}

function read(name) {
  try {
    return readFileSync(HOME + name);
  } catch {
    // Deleted and not yet committed.
    return Buffer.alloc(0);
  }
}

async function fileLength() {
  const sources = (await files()).filter(
    (name) => /^(src|test|scripts)\/.*\.(ts|mjs)$/.test(name) && !GENERATED.test(name),
  );
  return sources
    .map((name) => [name, read(name).toString().split('\n').length - 1])
    .filter(([, lines]) => lines > MAX_LINES)
    .map(([name, lines]) => `${name}: ${lines} lines, at most ${MAX_LINES}`)
    .join('\n');
}

/** What is true of one machine only has no place in the repository. Written so that this file does not hold them. */
async function privateWords() {
  const words = [
    /(?<![\w.])\/(work|home|root|Users)\/[\w-]/,
    /\.\.\/shared\//,
    /"resolved": "https?:/,
    /\b(registry|proxy|mirror)\.[\w-]+\.[a-z]{2,}\b/,
    /\/\/[^/\s]*\b(artifactory|nexus|verdaccio)\b/i,
  ];
  const hits = [];
  for (const name of await files()) {
    if (name === 'scripts/check.mjs') continue;
    const bytes = read(name);
    if (bytes.includes(0) || bytes.length > 4 << 20) continue;
    for (const [index, line] of bytes.toString().split('\n').entries()) {
      const word = words.map((each) => each.exec(line)?.[0]).find((each) => each !== undefined);
      if (word !== undefined) hits.push(`${name}:${index + 1}: ${word}`);
    }
  }
  return hits.join('\n');
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(GATES, name));
if (unknown.length > 0) {
  console.error(
    `no gate called ${unknown.join(', ')}; there are: ${Object.keys(GATES).join(', ')}`,
  );
  process.exit(1);
}

const outcomes = [];
for (const [name, gate] of Object.entries(GATES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const began = Date.now();
  const problem = await gate();
  if (problem !== '') console.log(`\n── ${name} ──\n${problem}`);
  outcomes.push({ name, ok: problem === '', seconds: (Date.now() - began) / 1000 });
}
console.log('');
for (const { name, ok, seconds } of outcomes) {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
}
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
