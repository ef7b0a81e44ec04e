// Every recorded call of the reference command, byte for byte on standard output and on standard error.
import { describe, expect, test } from 'vitest';
import { observe, recordedCases, sha256 } from '../../../support/cli/recorded.ts';

/** The recordings keep so much of standard error, and no clock times. */
const ERR_CHARS = 20_000;
const withoutTimes = (text: string) => text.replace(/time=\S+/g, 'time=T').slice(0, ERR_CHARS);

const cases = [...recordedCases(), ...recordedCases('more-cases')];
const groups = [...new Set(cases.map(({ group }) => group))];

test('all recorded calls are here', () => {
  expect(recordedCases().length).toBe(979);
  expect(recordedCases('more-cases').length).toBe(382);
});

describe.each(groups)('%s', (group) => {
  for (const each of cases) {
    if (each.group !== group) continue;
    test(`${each.id} ${each.args.join(' ')}`, async () => {
      const input = each.input === null ? [] : ['--input-file', each.input];
      const { exit, out, err } = await observe([...input, ...each.args], { env: each.env ?? {} });
      expect({ exit, err: withoutTimes(err) }).toEqual({ exit: each.exit, err: each.stderr });
      if (sha256(out) !== each.stdout_sha256) expect(out).toBe(each.stdout ?? 'other output');
    });
  }
});
