import { expect, test } from 'vitest';
import { type Finding, inOrder, worstOf } from '../../../../src/query/doctor/finding.ts';

const finding = (check: string, severity: Finding['severity']): Finding => ({
  check,
  severity,
  what: '',
  evidence: '',
  cure: '',
});

test('the worst first, and the worst of all', () => {
  const findings = [
    finding('b', 'ok'),
    finding('c', 'problem'),
    finding('a', 'warning'),
    finding('a', 'ok'),
  ];
  expect(inOrder(findings).map(({ check, severity }) => `${severity} ${check}`)).toEqual([
    'problem c',
    'warning a',
    'ok a',
    'ok b',
  ]);
  expect(worstOf(findings)).toBe('problem');
  expect(worstOf([finding('a', 'ok'), finding('a', 'warning')])).toBe('warning');
  expect(worstOf([])).toBe('ok');
});
