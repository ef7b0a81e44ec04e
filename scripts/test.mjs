// Runs the test tiers one after the other and sums them up: what was skipped and why, and as the very last line
// `N passed, N failed` or `N passed, N failed, N skipped`. `npm test -- unit component` runs only those tiers.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const TIERS = ['unit', 'component', 'e2e', 'containers'];
/** Tiers that may be skipped where there is no Docker; in CI a skip anywhere else is a failure. */
const MAY_SKIP_IN_CI = new Set(['containers']);
const CI = process.env.CI === 'true';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !TIERS.includes(name));
if (unknown.length > 0) {
  console.error(`no tier called ${unknown.join(', ')}; there are: ${TIERS.join(', ')}`);
  process.exit(1);
}

const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: HOME, stdio: 'inherit' });
if (build.status !== 0) {
  console.log('the build failed\n0 passed, 1 failed');
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'parallax-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];
for (const tier of asked.length > 0 ? TIERS.filter((name) => asked.includes(name)) : TIERS) {
  console.log(`\n━━ ${tier} ━━`);
  const { passed, failed, skipped, reasons, failures: failing } = await run(tier);
  failures.push(...failing.map((failure) => ({ tier, ...failure })));
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped.length;
  if (skipped.length > 0) skips.push({ tier, skipped, reasons });
}
rmSync(scratch, { recursive: true, force: true });

for (const { tier, skipped, reasons } of skips) {
  const forbidden = CI && !MAY_SKIP_IN_CI.has(tier);
  console.log(
    `\n!!!! ${skipped.length} tests of ${tier} were SKIPPED${forbidden ? ', which fails in CI' : ''}`,
  );
  for (const reason of reasons) console.log(`!!!! why: ${reason}`);
  for (const [file, count] of byFile(skipped)) console.log(`!!!!   ${file}: ${count}`);
  if (forbidden) totals.failed++;
}
// Told again at the end, which is what is seen of a long log.
for (const { tier, file, name, message } of failures) {
  console.log(`\n!!!! FAILED in ${tier}: ${file} > ${name}\n${message}`);
}
const { passed, failed, skipped } = totals;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0;

/** Runs one tier of vitest; its lines of the form `*** why ***` are the reasons of its skips. */
async function run(tier) {
  const report = join(scratch, `${tier}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', tier, '--passWithNoTests'];
  const child = spawn(process.execPath, [...args, ...reporters], {
    cwd: HOME,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  return { ...summed(report, exit), reasons };
}

function summed(report, exit) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    // No report: nothing to run is fine, anything else is a failure.
    const failures =
      exit === 0 ? [] : [failure('(all)', '(no report)', [`vitest left with ${exit}`])];
    return { passed: 0, failed: failures.length, skipped: [], failures };
  }
  const sum = { passed: 0, failed: 0, skipped: [], failures: [] };
  for (const { name, status, message, assertionResults } of results) {
    const file = relative(HOME, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    sum.passed += assertionResults.filter((test) => test.status === 'passed').length;
    for (const { fullName, failureMessages } of failed) {
      sum.failures.push(failure(file, fullName, failureMessages));
    }
    // A file that failed outside of its tests counts as one.
    if (status === 'failed' && failed.length === 0) {
      sum.failures.push(failure(file, '(outside its tests)', [message]));
    }
    for (const { status: each, fullName } of assertionResults) {
      if (each !== 'passed' && each !== 'failed') sum.skipped.push({ file, name: fullName });
    }
  }
  // An error outside of all files, such as an unhandled rejection.
  if (exit !== 0 && sum.failures.length === 0) {
    sum.failures.push(failure('(all)', '(an error outside of all tests, see above)', []));
  }
  return { ...sum, failed: sum.failures.length };
}

/** One failure as told at the end: its message cut to what helps to find it. */
function failure(file, name, messages) {
  return { file, name, message: messages.join('\n').slice(0, 2_000) };
}

function byFile(skipped) {
  const counts = new Map();
  for (const { file } of skipped) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
}
