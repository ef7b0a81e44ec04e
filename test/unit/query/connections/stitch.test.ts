import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidateOf } from '../../../../src/query/connections/connection.ts';
import { observationOf } from '../../../../src/query/connections/observation.ts';
import { sideOf } from '../../../../src/query/connections/orient.ts';
import { endKey, stitch, towardServer } from '../../../../src/query/connections/stitch.ts';
import { tell } from '../../../support/query/conversations.ts';

const LIMITS = { tcpIdleMs: 600_000, otherIdleMs: 60_000, skewMs: 5000 };

describe('random conversations', () => {
  test('are stitched to exactly the connections that were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 60 }),
        (seed, count) => {
          const { responses, truths } = tell(seed, count);
          const seen = responses.flatMap((each) => observationOf(each, { hit: true }) ?? []);
          const found = stitch(seen, LIMITS).map((stitched) => {
            const { connection } = candidateOf(stitched);
            const at = (side: string) =>
              stitched.seen
                .filter((each) => sideOf(each, towardServer(each, stitched.server)) === side)
                .map(({ uuid }) => uuid)
                .sort();
            return {
              client: endKey(connection.client),
              server: endKey(connection.server),
              denied: connection.outcome === 'denied',
              source: at('source'),
              destination: at('destination'),
              requests: connection.l7?.requests ?? 0,
              responses: connection.l7?.responses ?? 0,
            };
          });
          const wanted = truths.map(({ kind: _kind, ...truth }) => ({
            ...truth,
            source: [...truth.source].sort(),
            destination: [...truth.destination].sort(),
          }));
          const key = (each: { source: string[]; destination: string[] }) =>
            [...each.source, ...each.destination].sort()[0] ?? '';
          const ordered = <T extends { source: string[]; destination: string[] }>(list: T[]) =>
            list.sort((a, b) => (key(a) < key(b) ? -1 : 1));
          expect(ordered(found)).toEqual(ordered(wanted));
        },
      ),
      { numRuns: 60 },
    );
  });
});
