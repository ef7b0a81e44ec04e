// Thousands of generated filters over flows of every kind, as Hubble's own filters (Cilium 1.19.4) judged them: which
// flows pass, or the words of the refusal.
import { expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { fromJson, responseFromJson } from '../../../../src/hubble/json/json.ts';
import { FlowFilter } from '../../../../src/hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

interface Judged {
  readonly w: readonly object[];
  readonly b: readonly object[];
  readonly err?: string;
  /** Places of the flows that pass. */
  readonly pass?: readonly number[];
}

const flows = fixtureLines('filters/flows').map(responseFromJson);
const judged = fixtureLines('filters/filters').map((line) => JSON.parse(line) as Judged);

function answer({ w, b }: Judged): Pick<Judged, 'err' | 'pass'> {
  const read = (filters: readonly object[]) => filters.map((each) => fromJson(FlowFilter, each));
  try {
    const wants = compilePredicate(read(w), read(b), { clusterPatterns: false });
    return { pass: flows.flatMap((flow, place) => (wants(flow) ? [place] : [])) };
  } catch (error) {
    if (error instanceof ParallaxError) return { err: error.message };
    throw error;
  }
}

test('every field, selecting and refused', () => {
  const fields = new Set(judged.flatMap(({ w, b }) => [...w, ...b].flatMap(Object.keys)));
  expect(fields.size).toBe(40);
  const selecting = judged.filter(({ pass = [] }) => pass.length > 0 && pass.length < flows.length);
  expect(selecting.length).toBeGreaterThan(700);
  expect(judged.filter(({ err }) => err !== undefined).length).toBeGreaterThan(1000);
});

/** Unlike Go, re2js knows the binary properties of Unicode. */
const PROPERTY = /\\p\{Alphabetic\}/;

test('the same flows, and the same refusals', () => {
  for (const each of judged) {
    if (PROPERTY.test(each.err ?? '')) continue;
    const { err, pass } = each;
    const expected = err === undefined ? { pass } : { err };
    expect(answer(each), JSON.stringify([each.w, each.b])).toEqual(expected);
  }
});
