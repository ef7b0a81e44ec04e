// Thousands of generated expressions, right and wrong ones, over flows of every kind, as cel-go under Hubble 1.19.4 judged
// them: which flows pass, for which ones evaluating fails and why, or why there is no program.
import { expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

interface Judged {
  /** The expression. */
  readonly e: string;
  readonly err?: string;
  /** Places of the flows that pass. */
  readonly pass?: readonly number[];
  /** Places of the flows that it fails for, by what is logged then. */
  readonly fail?: Readonly<Record<string, readonly number[]>>;
}

const flows = fixtureLines('filters/flows').map(responseFromJson);
const judged = fixtureLines('filters/cel').map((line) => JSON.parse(line) as Judged);

function answer(expression: string): Omit<Judged, 'e'> {
  const fail: Record<string, number[]> = {};
  let at = 0;
  const failed = (why: string, message: string) => {
    const line = `${message}: ${why}`;
    fail[line] = [...(fail[line] ?? []), at];
  };
  try {
    const filter = { experimental: { cel_expression: [expression] } };
    const wants = compilePredicate([filter], [], { failed });
    const pass = flows.flatMap((flow, place) => {
      at = place;
      return wants(flow) ? [place] : [];
    });
    return Object.keys(fail).length === 0 ? { pass } : { pass, fail };
  } catch (error) {
    if (error instanceof ParallaxError) return { err: error.message };
    throw error;
  }
}

test('expressions of every kind', () => {
  const count = (of: (each: Judged) => boolean) => judged.filter(of).length;
  expect(count(({ pass = [] }) => pass.length > 0 && pass.length < flows.length)).toBeGreaterThan(
    400,
  );
  expect(count(({ fail }) => fail !== undefined)).toBeGreaterThan(250);
  expect(count(({ err = '' }) => err.includes('Syntax error'))).toBeGreaterThan(200);
  expect(count(({ err = '' }) => err.includes('no matching overload'))).toBeGreaterThan(100);
  expect(count(({ err = '' }) => err.startsWith('error building'))).toBeGreaterThan(4);
  expect(count(({ e }) => CUT.test(e))).toBeLessThan(60);
});

/** Not taken here: protobuf's well-known messages as literals or types, and time zones. */
const CUT =
  /google\.protobuf\.(?!Timestamp\b|Duration\b)|google\.protobuf\.\w+\s*\{|\.get\w+\(\s*[^)\s]/;
const SYNTAX = 'Syntax error: ';

test('the same flows, the same failures, the same refusals', () => {
  for (const { e, ...expected } of judged) {
    if (CUT.test(e)) continue;
    const got = answer(e);
    // What is syntax is the reference's, how it is said is ours.
    if (expected.err?.includes(SYNTAX)) expect(got.err, e).toContain(SYNTAX);
    else expect(got, e).toEqual(expected);
  }
});

test('what is cut is refused', () => {
  const evaluated = judged.filter(({ e, err }) => CUT.test(e) && err === undefined);
  for (const { e } of evaluated) expect(answer(e).err, e).toMatch(/^error compiling/);
});
