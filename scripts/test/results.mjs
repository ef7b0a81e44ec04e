// Sums up vitest's JSON report of one tier.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** `exit` is the exit code of vitest, `home` the folder that file names are relative to. */
export function resultsOf(report, exit, home) {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    // No report: nothing to run is fine, anything else is a failure.
    const failures =
      exit === 0 ? [] : [failure('(all)', '(no report)', [`vitest exited with ${exit}`])];
    return { passed: 0, failed: failures.length, skipped: [], failures };
  }
  const sum = { passed: 0, skipped: [], failures: [] };
  for (const { name, status, message, assertionResults } of results) {
    const file = relative(home, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    sum.passed += assertionResults.filter((test) => test.status === 'passed').length;
    for (const { fullName, failureMessages } of failed)
      sum.failures.push(failure(file, fullName, failureMessages));
    // A file that failed outside of its tests counts as one.
    if (status === 'failed' && failed.length === 0)
      sum.failures.push(failure(file, '(outside its tests)', [message]));
    for (const { status: each, fullName } of assertionResults)
      if (each !== 'passed' && each !== 'failed') sum.skipped.push({ file, name: fullName });
  }
  // An error outside of all files, such as an unhandled rejection.
  if (exit !== 0 && sum.failures.length === 0)
    sum.failures.push(failure('(all)', '(an error outside of all tests, see above)', []));
  return { ...sum, failed: sum.failures.length };
}

function failure(file, name, messages) {
  return { file, name, message: messages.join('\n').slice(0, 2_000) };
}
