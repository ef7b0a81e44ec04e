import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorParts, cursorText, isBehind } from '../../../../src/query/denials/cursor.ts';
import {
  edgesCondition,
  hoursCondition,
  windowParts,
} from '../../../../src/query/denials/window.ts';
import { HOUR_NS } from '../../../../src/runtime/time.ts';

describe('a window over hours and edges', () => {
  it('holds each moment once', () => {
    const nanos = fc.bigInt({ min: -5n * HOUR_NS, max: 5n * HOUR_NS });
    fc.assert(
      fc.property(fc.option(nanos), fc.option(nanos), nanos, (from, to, moment) => {
        const range = { since: from ?? undefined, until: to ?? undefined };
        if (from !== null && to !== null && from > to) return;
        const { hours, edges } = windowParts(range);
        const hour = moment / HOUR_NS - (moment % HOUR_NS < 0n ? 1n : 0n);
        const inHours =
          hours !== undefined && hour >= (hours.first ?? hour) && hour <= (hours.last ?? hour);
        const inEdges = edges.filter(
          ({ since = moment, until = moment }) => moment >= since && moment <= until,
        ).length;
        const within = moment >= (from ?? moment) && moment <= (to ?? moment);
        expect(Number(inHours) + inEdges).toBe(within ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  it('of whole hours needs no single denials', () => {
    expect(windowParts({ since: 0n, until: 2n * HOUR_NS - 1n })).toEqual({
      hours: { first: 0n, last: 1n },
      edges: [],
    });
    expect(windowParts({})).toEqual({ hours: {}, edges: [] });
  });

  it('becomes conditions over both tables', () => {
    const { hours, edges } = windowParts({ since: 1n, until: 2n * HOUR_NS });
    expect(hoursCondition(hours ?? {}).render()).toEqual({
      text: '(hour >= {p1:Int32}) AND (hour <= {p2:Int32})',
      params: { p1: 1n, p2: 1n },
    });
    const { params } = edgesCondition(edges).render();
    expect(Object.values(params)).toEqual([1n, 0n, 11n, 24n, 2n * HOUR_NS, 24n]);
    expect(edgesCondition([]).render().text).toBe('0');
    expect(hoursCondition({}).render().text).toBe('1');
    expect(hoursCondition({ first: 2n ** 40n }).render().params).toEqual({ p1: 2n ** 31n - 1n });
  });
});

describe('a cursor', () => {
  it('comes back as it was, with its window', () => {
    const window = { since: -5n, until: undefined };
    const text = cursorText(['7', 'abc-1'], window);
    expect(cursorParts(text)).toEqual({ parts: ['7', 'abc-1'], window });
  });

  it('is none of ours when it is anything else', () => {
    const of = (text: string) => Buffer.from(text).toString('base64url');
    for (const text of ['', 'x', of('1 2 3'), of('a 1 2 3'), of('1 2 x 3'), of('1 2 3 4 5')])
      expect(cursorParts(text)).toBeUndefined();
  });

  it('stands behind greater values, and behind smaller numbers of equal ones', () => {
    const at = (value: bigint, incident: bigint) => ({ value, incident });
    expect(isBehind(at(1n, 1n), at(2n, 9n))).toBe(true);
    expect(isBehind(at(2n, 2n), at(2n, 1n))).toBe(true);
    expect(isBehind(at(2n, 1n), at(2n, 1n))).toBe(false);
  });
});
