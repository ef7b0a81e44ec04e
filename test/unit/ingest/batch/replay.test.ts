// The rule of docs/decisions/0002-replay-marks.md: whoever stores unmarked batches as they are, and of marked ones only
// what is not stored yet, stores everything once.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFlowBatch } from '../../../../src/hubble/proto/batch.ts';
import { NodeHistory } from '../../../../src/ingest/batch/history.ts';
import { Sealer } from '../../../../src/ingest/batch/sealer.ts';
import { ResponseTracker } from '../../../../src/ingest/batch/tracker.ts';
import { NS_PER_MS } from '../../../../src/runtime/time.ts';
import { flowResponse, framed, uuidOf } from '../../../support/ingest/responses.ts';

const START = 1_700_000_000_000;
const MS = NS_PER_MS;

interface Flow {
  readonly node: string;
  readonly uuid: string;
  readonly ns: bigint;
  readonly bytes: Buffer;
}

let serial = 0;
function flow(node: string, ns: bigint): Flow {
  const uuid = `00000000-0000-4000-8000-${String(serial++).padStart(12, '0')}`;
  return { node, uuid, ns, bytes: flowResponse({ timeNs: ns, node, uuid }) };
}

/** One life of a collector: flows in, batches out. */
class Life {
  readonly batches: { replay: boolean; uuids: string[] }[] = [];
  private readonly tracker: ResponseTracker;
  private readonly sealer: Sealer;

  constructor(startMs: number, { remembered = 512, maxNodes = 4096 } = {}) {
    this.tracker = new ResponseTracker({
      startMs,
      overlapMs: 30_000,
      lookbackMs: 900_000,
      maxNodes,
      remembered,
    });
    this.sealer = new Sealer({
      cluster: 'c',
      relay: 'r',
      collector: 'x',
      maxCount: 7,
      maxBytes: 1 << 20,
      maxAgeMs: 1000,
      nodeName: () => '',
      emit: ({ value }) => {
        const { header, bytes, starts, ends } = decodeFlowBatch(value);
        const uuids = Array.from(starts.subarray(0, header.count), (start, i) =>
          uuidOf(bytes.subarray(start, ends[i])),
        );
        this.batches.push({ replay: header.replay, uuids });
      },
    });
  }

  receive({ bytes }: Flow, nowMs: number): boolean {
    const { tracker, sealer } = this;
    const message = framed(bytes);
    const repeats = tracker.take(message, 5, message.length, tracker.at(nowMs));
    sealer.add(message, 5, message.length, repeats, tracker.time, nowMs);
    sealer.tick(nowMs);
    return repeats;
  }

  end(): void {
    this.sealer.flush();
  }
}

/** A writer as the contract wants it. */
function store(table: string[], batches: Life['batches']): void {
  const known = new Set(table);
  for (const { replay, uuids } of batches) {
    for (const uuid of uuids) {
      if (!replay || !known.has(uuid)) table.push(uuid);
      known.add(uuid);
    }
  }
}

type Step =
  | {
      readonly kind: 'flow';
      readonly node: number;
      readonly lateUs: number;
      readonly waitMs: number;
    }
  | { readonly kind: 'rejoin'; readonly node: number }
  | { readonly kind: 'reconnect' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('flow' as const),
      node: fc.nat(2),
      // Late by up to 2 s, and often at the very time of another.
      lateUs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(2_000_000)),
      waitMs: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(20_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rejoin' as const), node: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('reconnect' as const, 'restart' as const) }),
  },
);

test('whatever is sent again, and whenever: all is stored, and nothing twice', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 50, maxLength: 300 }),
      // How far each node's clock is off, ahead and behind, milliseconds.
      fc.array(fc.integer({ min: -4_000_000, max: 3_000_000 }), { minLength: 3, maxLength: 3 }),
      fc.record({
        ring: fc.integer({ min: 1, max: 60 }),
        remembered: fc.integer({ min: 1, max: 40 }),
        maxNodes: fc.integer({ min: 1, max: 4 }),
      }),
      (steps, skews, { ring, ...options }) => {
        let nowMs = START;
        let life = new Life(nowMs, options);
        const rings: Flow[][] = [[], [], []];
        const sent: Flow[] = [];
        const table: string[] = [];
        const again = (flows: Flow[] = []) => {
          for (const each of flows) life.receive(each, nowMs);
        };
        for (const each of steps) {
          switch (each.kind) {
            case 'flow': {
              nowMs += each.waitMs;
              const { node, lateUs } = each;
              const ns = BigInt(nowMs + (skews[node] ?? 0)) * MS - BigInt(lateUs) * 1000n;
              const made = flow(`node-${node}`, ns);
              sent.push(made);
              rings[node]?.push(made);
              if ((rings[node]?.length ?? 0) > ring) rings[node]?.shift();
              life.receive(made, nowMs);
              break;
            }
            case 'rejoin':
              again(rings[each.node]);
              break;
            case 'restart':
              life.end();
              store(table, life.batches);
              life = new Life(nowMs, options);
              again(rings.flat());
              break;
            case 'reconnect':
              again(rings.flat());
              break;
            default:
              each satisfies never;
          }
        }
        life.end();
        store(table, life.batches);
        expect(table.length).toBe(new Set(table).size);
        expect([...table].sort()).toEqual(sent.map(({ uuid }) => uuid).sort());
      },
    ),
    { numRuns: 300, endOnFailure: true },
  );
});

test('a live stream is not marked once its nodes are known, late flows included', () => {
  const life = new Life(START);
  let marked = 0;
  for (let i = 0; i < 20_000; i++) {
    const nowMs = START + 40_000 + Math.floor(i / 10);
    // A first flow long before, so that contact is over.
    if (i === 0) life.receive(flow('a', BigInt(START) * MS), START);
    const late = i % 5 === 0 ? 3_000_003n : 0n;
    if (life.receive(flow('a', BigInt(nowMs) * MS + BigInt(i % 10) * 1000n - late), nowMs))
      marked++;
  }
  expect(marked).toBe(0);
});

test('times out of this world are marked and do no harm to others', () => {
  const life = new Life(START);
  life.receive(flow('a', BigInt(START) * MS), START);
  const now = START + 60_000;
  const year2200 = flow('a', 7_258_118_400_000n * MS);
  expect(life.receive(year2200, now)).toBe(true);
  expect(life.receive(flow('a', 0n), now)).toBe(true);
  expect(life.receive({ ...year2200, bytes: flowResponse({ node: 'a' }) }, now)).toBe(true);
  expect(life.receive({ ...year2200, bytes: Buffer.from([0xff]) }, now)).toBe(true);
  expect(life.receive(flow('a', BigInt(now) * MS), now)).toBe(false);
  // A clock far ahead that is real one day: what was seen while it was absurd is still known.
  const ahead = flow('a', BigInt(now + 3_700_000) * MS);
  expect(life.receive(ahead, now)).toBe(true);
  expect(life.receive(ahead, now + 3_000_000)).toBe(true);
});

test('what was forgotten is marked, not stored twice', () => {
  const history = new NodeHistory(0, { contactNs: 0, remembered: 4 });
  for (const time of [10, 20, 30, 40, 50, 60]) expect(history.mayRepeat(time, 100)).toBe(false);
  expect([20, 30, 60, 35, 25].map((time) => history.mayRepeat(time, 100))).toEqual([
    true, // forgotten
    true, // remembered
    true,
    false, // late, and above all that was forgotten
    true,
  ]);
});
