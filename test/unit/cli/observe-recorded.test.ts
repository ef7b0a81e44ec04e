// Every recorded call of the reference command, byte for byte on standard output.
import { describe, expect, test } from 'vitest';
import { observe, recordedCases, sha256 } from './recorded.ts';

/** Calls that need what this version refuses: Hubble's own configuration file. */
const REFUSED = (args: readonly string[]) =>
  !args.includes('--print-raw-filters') && args.includes('--config');

const cases = recordedCases();
const groups = [...new Set(cases.map(({ group }) => group))];

test('all recorded calls are here', () => {
  expect(cases.length).toBe(979);
  expect(cases.filter(({ args }) => REFUSED(args)).length).toBe(1);
});

describe.each(groups)('%s', (group) => {
  for (const each of cases) {
    if (each.group !== group || REFUSED(each.args)) continue;
    test(`${each.id} ${each.args.join(' ')}`, async () => {
      const input = each.input === null ? [] : ['--input-file', each.input];
      const { exit, out, err } = await observe([...input, ...each.args], { env: each.env ?? {} });
      expect({ exit, err: exit === each.exit ? '' : err }).toEqual({ exit: each.exit, err: '' });
      if (sha256(out) !== each.stdout_sha256) expect(out).toBe(each.stdout ?? 'other output');
    });
  }
});

test('what is not supported is refused by name', async () => {
  for (const { args } of cases.filter((each) => REFUSED(each.args))) {
    const { exit, out, err } = await observe(['--input-file', 'flows.jsonl', ...args]);
    expect(exit).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/not support/);
  }
});

test('what is wrong with an expression is told byte for byte', async () => {
  const wrong = cases.filter(({ args, exit }) => exit !== 0 && args.includes('--cel-expression'));
  expect(wrong.length).toBeGreaterThan(0);
  for (const { args, stderr } of wrong) {
    const { err } = await observe(['--input-file', 'flows.jsonl', ...args]);
    expect(err).toBe(stderr);
  }
});

test('each flow that an expression cannot be evaluated for is a line on standard error', async () => {
  const args = ['--cel-expression', '_flow.source.labels[0] == "k8s:app=kafka"'];
  const { exit, err } = await observe(['--input-file', 'flows.jsonl', ...args]);
  expect(exit).toBe(0);
  expect(err).toMatch(
    /^(time=\S+Z level=ERROR msg="error running CEL program" error="index out of bounds: 0"\n)+/,
  );
});
