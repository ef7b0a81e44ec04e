// The regular expressions of filters: RE2's syntax and Go's words, and an end in time whatever the pattern.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRegex } from '../../../../src/hubble/filter/re2.ts';

const MATCHES: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['', '', true],
  ['abc', 'xabcx', true],
  ['^abc$', 'xabcx', false],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['a.c', 'a🚀c', true],
  ['(?i)DEATHSTAR', 'http://deathstar/', true],
  ['(?i:A)b', 'ab', true],
  ['(?i:A)b', 'aB', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^b$', 'a\nb\nc', false],
  ['page/\\d+\\?', 'x/page/12?y', true],
  ['[[:alpha:]]+[^a-c]', 'abd', true],
  ['[^[:digit:]]', '123', false],
  ['\\bcat\\b', 'a cat.', true],
  ['\\bcat\\b', 'concat', false],
  ['a{2,3}$', 'baa', true],
  ['^a{2,3}$', 'aaaa', false],
  ['^(a|b)*?c$', 'ababc', true],
  ['(?P<name>x)y', 'xy', true],
  ['(?<name>x)y', 'xy', true],
  ['\\Qa.b\\E+', 'a.bb', true],
  ['\\Qa.b\\E', 'axb', false],
  ['\\pL\\p{Greek}\\PN', 'aΩx', true],
  ['\\p{^L}', 'abc', false],
  ['\\x41\\x{1F680}', 'A🚀', true],
  ['[\\]\\-a]', '-', true],
  ['[]a]', ']', true],
  ['a{,2}', 'a{,2}', true],
  ['x*', '', true],
  ['ü', 'x/ünï', true],
  ['\\z', 'a', true],
  ['\\Aa\\z', 'ba', false],
  ['\\p{latin}\\pn', 'é4', true],
  ['\\P{^Letter}', 'é', true],
  ['(?P<a>x)(?P<a>y)', 'xy', true],
  ['a\\.b', 'xa.b', true],
];

test.each(MATCHES)('%s on %j: %s', (pattern, text, matches) => {
  expect(compileRegex(pattern).test(text)).toBe(matches);
});

const ERRORS: readonly (readonly [pattern: string, message: string])[] = [
  ['[', 'missing closing ]: `[`'],
  ['(', 'missing closing ): `(`'],
  ['a)', 'unexpected ): `a)`'],
  ['*a', 'missing argument to repetition operator: `*`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['[b-a]', 'invalid character class range: `b-a`'],
  ['\\8', 'invalid escape sequence: `\\8`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['(?P<n', 'invalid named capture: `(?P<n`'],
  ['\\p{Nope}', 'invalid character class range: `\\p{Nope}`'],
  ['((a{1000}){1000}){1000}', 'invalid repeat count: `{1000}`'],
  ['x{1000}y{1000}z', 'expression too large'],
  ['\\pL{51}', 'expression too large'],
  ['[\\pL-]{51}', 'expression too large'],
];

test.each(ERRORS)('%s is refused', (pattern, message) => {
  expect(() => compileRegex(pattern)).toThrow(`error parsing regexp: ${message}`);
});

test.each([
  ['counts', 'x{1000}'.repeat(580)],
  ['a repeated group', `(${'a'.repeat(1300)}){1000}`],
  ['alternatives', `(${'a|b'.repeat(1000)})*`],
  ['a quotation', `\\Q${'a'.repeat(2100)}\\E*`],
  ['characters', 'a'.repeat(4097)],
])('a program of too many instructions is refused before it is made: %s', (_, pattern) => {
  expect(() => compileRegex(pattern)).toThrow(/expression too large: `.{200}…`$/);
});

test('agrees with JavaScript on what both understand', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    'c',
    '.',
    '[ab]',
    '[^a]',
    '\\d',
    '\\w',
    '(?:ab|c)',
    '^',
    '$',
  );
  const piece = fc
    .tuple(atom, fc.constantFrom('', '*', '+', '?', '{1,2}'))
    .map(([text, repeat]) => (text === '^' || text === '$' ? text : text + repeat));
  const pattern = fc
    .array(fc.array(piece, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 })
    .map((branches) => branches.map((pieces) => pieces.join('')).join('|'));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '\n', 'é'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      expect(compileRegex(source).test(subject)).toBe(new RegExp(source).test(subject));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['(a+)+$', false],
  ['(a|a)*$', true],
  ['(.*a){20}$', false],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', false],
])('%s ends soon on a text made against it', (pattern, matches) => {
  // A matcher that backtracks never ends here.
  expect(compileRegex(pattern).test(`${'a'.repeat(2000)}!`)).toBe(matches);
});
