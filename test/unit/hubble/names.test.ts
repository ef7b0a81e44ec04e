import { expect, test } from 'vitest';
import { EVENT_TYPES, enumName, enumNumber, POLICY_MATCHES } from '../../../src/hubble/names.ts';
import { DropReason, Verdict } from '../../../src/hubble/proto/schema.gen.ts';

test.each([
  [2, 'DROPPED'],
  [undefined, 'VERDICT_UNKNOWN'],
  [99, '99'],
  [-1, '-1'],
])('verdict %s is %s, and back', (number, name) => {
  expect(enumName(Verdict, number)).toBe(name);
  expect(enumNumber(Verdict, name)).toBe(number ?? 0);
});

test('names without a number have none', () => {
  for (const name of ['dropped', '', 'toString', '1.5', '4294967296', '0x1']) {
    expect(enumNumber(Verdict, name)).toBeUndefined();
  }
});

test('numbers are those of the datapath', () => {
  expect(enumNumber(DropReason, 'POLICY_DENY')).toBe(181);
  expect(EVENT_TYPES['policy-verdict']).toBe(5);
  expect(POLICY_MATCHES[1]).toBe('L3-Only');
});
