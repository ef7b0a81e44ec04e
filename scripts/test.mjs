// Runs the test tiers one after the other: a line for each file, what was skipped and why, what failed, and as the very
// last line `N passed, N failed` or `N passed, N failed, N skipped`. `npm test -- unit component` runs only those tiers.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resultsOf } from './test/results.mjs';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const TIERS = ['unit', 'component', 'e2e', 'containers'];
/** Tiers that may be skipped where there is no Docker; in CI a skip anywhere else is a failure. */
const MAY_SKIP_IN_CI = new Set(['containers']);
/** Files whose skips are no failure: they try shells that a machine need not have. */
const OPTIONAL = new Set(['test/unit/cli/help/completion.test.ts']);
const CI = process.env.CI === 'true';

const named = process.argv.slice(2);
const unknown = named.filter((name) => !TIERS.includes(name));
if (unknown.length > 0) {
  console.error(`no tier called ${unknown.join(', ')}; the tiers are ${TIERS.join(', ')}`);
  process.exit(1);
}
const tiers = named.length > 0 ? TIERS.filter((name) => named.includes(name)) : TIERS;

// All that tests write is below this folder, which goes when they end.
const scratch = mkdtempSync(join(tmpdir(), 'parallax-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

if (named.length === 0)
  console.log(
    'All tests take some 15 minutes on two cores; `npm run test:unit` takes one and needs no engine.',
  );
// A build of its own: a `npm start` that runs from this clone keeps the files it was started with.
const program = join(scratch, 'program');
const build = spawnSync(process.execPath, ['scripts/build.mjs', program], {
  cwd: HOME,
  stdio: 'inherit',
});
if (build.status !== 0) {
  console.log('the build failed\n0 passed, 1 failed');
  process.exit(1);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];
for (const tier of tiers) {
  console.log(`\n━━ ${tier} ━━`);
  const { passed, failed, skipped, reasons, failures: failing } = await run(tier);
  failures.push(...failing.map((failure) => ({ tier, ...failure })));
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped.length;
  if (skipped.length > 0) skips.push({ tier, skipped, reasons });
}

for (const { tier, skipped, reasons } of skips) {
  const required = skipped.some(({ file }) => !OPTIONAL.has(file));
  const forbidden = CI && required && !MAY_SKIP_IN_CI.has(tier);
  console.log(
    `\n!!!! ${skipped.length} tests of ${tier} were SKIPPED${forbidden ? ', which fails in CI' : ''}`,
  );
  for (const reason of reasons) console.log(`!!!! why: ${reason}`);
  for (const [file, count] of byFile(skipped)) console.log(`!!!!   ${file}: ${count}`);
  if (forbidden) totals.failed++;
}
// Repeated at the end, which is the part of a long log that people see.
for (const { tier, file, name, message } of failures)
  console.log(`\n!!!! FAILED in ${tier}: ${file} > ${name}\n${message}`);
const { passed, failed, skipped } = totals;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;

/** Runs one tier of vitest; its lines of the form `*** why ***` are the reasons of its skips. */
async function run(tier) {
  const report = join(scratch, `${tier}.json`);
  const child = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      ...['run', '--project', tier, '--passWithNoTests'],
      ...['--reporter=./scripts/test/progress.mjs', '--reporter=json'],
      `--outputFile.json=${report}`,
    ],
    {
      cwd: HOME,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: scratch, PARALLAX_PROGRAM: program },
    },
  );
  const reasons = new Set();
  for (const [stream, out] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    stream.setEncoding('utf8').on('data', (text) => {
      out.write(text);
      for (const [, reason] of text.matchAll(/^\*\*\* (.*) \*\*\*\s*$/gm)) reasons.add(reason);
    });
  }
  const exit = await new Promise((resolve) => child.on('close', resolve));
  return { ...resultsOf(report, exit, HOME), reasons };
}

function byFile(skipped) {
  const counts = new Map();
  for (const { file } of skipped) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
}
