// Label selectors over Cilium's labels.
import { expect, test } from 'vitest';
import { labelSet, matchesSelector, parseSelector } from '../../../../src/hubble/filter/labels.ts';

const LABELS = [
  'k8s:app=redis',
  'k8s:io.kubernetes.pod.namespace=kafka',
  'reserved:world',
  'foo=bar',
  'k8s:version=10',
  'cidr:10.1.0.0/16',
  'container:app=other',
  'k8s:app.kubernetes.io/name=x',
];

const SELECTORS: readonly (readonly [selector: string, matches: boolean])[] = [
  ['', true],
  ['app=redis', true],
  ['app==redis', true],
  ['app!=redis', false],
  ['any:app=redis', true],
  ['k8s:app=redis', true],
  // Of two labels with one key the first decides, whatever its source.
  ['app=other', false],
  ['container:app=other', true],
  ['k8s.app=redis', false],
  ['reserved:world', true],
  ['!reserved:world', false],
  ['world', true],
  ['unspec:foo=bar', true],
  ['k8s:foo=bar', false],
  ['app in (redis, kafka)', true],
  ['app notin (redis)', false],
  ['nope notin (redis)', true],
  ['app in ()', false],
  ['version > 9', true],
  ['version<10', false],
  ['app > 1', false],
  ['app=redis,foo=bar', true],
  ['app=redis,foo', true],
  ['app=redis,nope', false],
  ['app.kubernetes.io/name=x', true],
  ['cidr:10.0.0.0/8', true],
  ['cidr:10.1.2.0/24', false],
  ['in', false],
];

test.each(SELECTORS)('%s: %s', (selector, matches) => {
  expect(matchesSelector(parseSelector(selector), labelSet(LABELS))).toBe(matches);
});

test.each([
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['(', 'Invalid value: "any."'],
  ['!', 'Invalid value: "any."'],
  ['k8s:a:b=c', 'Invalid value: "k8s.a:b"'],
  ['a>b', "for 'Gt', 'Lt' operators, the value must be an integer"],
  ['a in (b', "expected: ',' or ')'"],
  ['a b', "found 'b'"],
  ['a=$', 'a valid label must be'],
  [`${'a'.repeat(60)}=b`, 'must be no more than 63 bytes'],
])('%s is refused', (selector, message) => {
  expect(() => parseSelector(selector)).toThrow(message);
});
