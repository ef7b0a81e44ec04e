// Expressions written to hurt: each is refused, or ends within its bounds.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileCel } from '../../../../src/hubble/cel/compile.ts';
import { MAX_DEPTH, MAX_EXPRESSION, MAX_EXPRESSIONS } from '../../../../src/hubble/cel/limits.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';

const LABELS = Array.from({ length: 60 }, (_, index) => `k8s:label-${index}=value`);
const FLOW = { source: { labels: LABELS }, Summary: 'a'.repeat(2000) };

/** What became of it: the answer, or why there is none. */
function outcome(...texts: string[]): string {
  const failures: string[] = [];
  try {
    const answer = compileCel(texts)(FLOW, (why) => failures.push(why));
    return failures.join() || String(answer);
  } catch (error) {
    if (error instanceof ParallaxError && error.code === 'input/invalid') return error.message;
    throw error;
  }
}

const nested = (depth: number, open: string, inner: string, close: string) =>
  open.repeat(depth) + inner + close.repeat(depth);
const labels = (depth: number, inner: string) =>
  nested(depth, '_flow.source.labels.all(x, ', inner, ')');
const doubling = (depth: number, seed: string, twice: string, end: string) => {
  let text = end;
  for (let level = depth; level > 0; level--) {
    const before = level === 1 ? seed : twice.replaceAll('v', `v${level - 1}`);
    text = `[${before}].all(v${level}, ${text})`;
  }
  return text;
};
const COST = 'operation cancelled: actual cost limit exceeded';

test.each([
  ['a megabyte', `true ${'|| true '.repeat(130_000)}`, /size exceeds limit: size: \d+, limit 4096/],
  ['brackets as deep as may be', nested(MAX_DEPTH - 1, '(', 'true', ')'), /^true$/],
  ['brackets', nested(MAX_DEPTH, '(', 'true', ')'), /recursion limit exceeded: 250/],
  ['a sum as long as may be', `1${' + 1'.repeat(MAX_DEPTH - 2)} == 249`, /^true$/],
  ['products in sums', `1${' + 1 * 1 * 1'.repeat(MAX_DEPTH - 5)} == 246`, /^true$/],
  ['lists', nested(1500, '[', '1', ']'), /recursion limit exceeded: 250/],
  ['open brackets', '('.repeat(MAX_EXPRESSION), /recursion limit exceeded: 250/],
  ['brackets of all kinds', '[{('.repeat(1365), /recursion limit exceeded: 250/],
  ['open calls', 'a('.repeat(2048), /recursion limit exceeded: 250/],
  ['calls as deep as may be', `${nested(MAX_DEPTH - 2, 'dyn(', 'true', ')')} == true`, /^true$/],
  ['conditions', `${'true ? true : '.repeat(280)}true`, /recursion limit exceeded: 250/],
  ['sums', `1${' + 1'.repeat(MAX_DEPTH)} == 1`, /max recursion depth exceeded/],
  ['selections', `_flow${'.source'.repeat(MAX_DEPTH + 1)}`, /max recursion depth exceeded/],
  ['signs', `${'!'.repeat(4000)}true`, /^true$/],
  ['wrong tokens', '+ '.repeat(600), /1:1: Syntax error: found '\+', expected an expression/],
  ['no tokens', '@'.repeat(MAX_EXPRESSION), /1:1: Syntax error: unexpected character '@'/],
  ['unknown names', Array.from({ length: 900 }, () => 'x').join('&&'), /800 more errors/],
  ['walks in walks', labels(5, 'x != ""'), COST],
  ['a texts bomb', doubling(60, '"aaaaaaaa"', 'v + v', 'v60 != "x"'), COST],
  ['a lists bomb', doubling(40, '[1]', 'v + v', 'v40 != [2]'), COST],
  [
    'a bomb of shared lists',
    doubling(60, '[1]', '[v, v]', 'v60 == v60 + v60'),
    /overload|COST|false/,
  ],
  [
    'comparing shared lists',
    doubling(60, '[[1], [1]]', '[[v[0], v[0]], [v[1], v[1]]]', 'v60[0] == v60[1]'),
    COST,
  ],
  ['a regex bomb', `_flow.Summary.matches("${'(a*)*'.repeat(60)}b")`, COST],
  ['patterns from the flow', labels(1, labels(1, '(x + "{1,999}").matches(x)')), COST],
])('%s', (_, text, expected) => {
  expect(outcome(text)).toMatch(expected);
});

test('the expressions of one filter share what they may spend, and are counted', () => {
  expect(outcome(...Array.from({ length: 60 }, () => `!${labels(2, 'x != "y"')}`))).toBe(COST);
  expect(outcome(...Array.from({ length: MAX_EXPRESSIONS }, () => 'false'))).toBe('false');
  expect(outcome(...Array.from({ length: MAX_EXPRESSIONS + 1 }, () => 'false'))).toMatch(
    /101 CEL expressions in one filter are more than the 100 allowed/,
  );
});

test('any text is refused or evaluated, never anything else', () => {
  const pieces = fc.constantFrom(
    ...['_flow', '.source', '.labels', '(', ')', '[', ']', '{', '}', ',', ':', '?', '.', '"a"'],
    ...['1', '2u', '1.5', 'true', 'null', '&&', '||', '!', '-', '+', '*', '==', '<', 'in', 'x'],
    ...['.all(x, ', '.map(x, ', 'has(', 'size(', 'b"\\xff"', '@', '"', "'''", '\\', '\n', '😀'],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 40 }).map((all) => all.join(' ')),
        fc.string(),
      ),
      (text) => {
        expect(typeof outcome(text)).toBe('string');
      },
    ),
    { numRuns: 3000 },
  );
});
