// Gaps from made-up facts: to the minute, to the flow, and only where nothing proves the contrary.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type {
  BucketFact,
  CoverageWindow,
  StreamFact,
} from '../../../../src/query/coverage/facts.ts';
import { gapsOf, nodeFacts } from '../../../../src/query/coverage/gaps.ts';
import { continuityOf } from '../../../../src/query/coverage/intervals.ts';
import { timelineOf } from '../../../../src/query/coverage/timeline.ts';

const MINUTE = 60_000;
const SINCE = 1_800_000_000_000;
const window: CoverageWindow = { sinceMs: SINCE, untilMs: SINCE + 10 * MINUTE, bucketMs: MINUTE };
const at = (minutes: number) => SINCE + minutes * MINUTE;

function bucket(minute: number, fact: Partial<BucketFact> = {}): BucketFact {
  return {
    cluster: 'c',
    node: 'n',
    bucket: minute,
    upMs: MINUTE,
    pausedMs: 0,
    received: 10,
    repeated: 0,
    lostUnknown: 0,
    lostPerf: 0,
    lostQueue: 0,
    lostRing: 0,
    oversize: 0,
    tooLarge: 0,
    foreign: 0,
    delays: 0,
    delayP50Ms: 0,
    delayMaxMs: 0,
    skewMs: undefined,
    seenFirst: 0,
    seenLast: 1,
    ...fact,
  };
}

function stream(start: number, position: number, from: number, to: number): StreamFact {
  return {
    cluster: 'c',
    node: 'n',
    openedMs: at(from),
    bootMs: 1000,
    start,
    slack: 0,
    position,
    oldestMs: at(from),
    newestMs: at(to),
    lastMs: at(to),
  };
}

function judge(buckets: readonly BucketFact[], streams: readonly StreamFact[]) {
  const nodes = nodeFacts(buckets, streams).get('c') ?? new Map();
  const { gaps, uncertain } = gapsOf(nodes, window);
  const all = [...gaps, ...uncertain.map(({ gap }) => gap)].filter(
    ({ count }) => count === undefined || count.max > 0,
  );
  const node = nodes.get('n');
  return {
    gaps: all.map(({ node: name, fromMs, toMs, reason, count }) => [
      name,
      (fromMs - SINCE) / MINUTE,
      (toMs - SINCE) / MINUTE,
      reason,
      count?.max,
    ]),
    strip: node === undefined ? '' : timelineOf(node, window, all),
  };
}

const minutes = (from: number, to: number, fact: Partial<BucketFact> = {}) =>
  Array.from({ length: to - from }, (_, i) => bucket(from + i, fact));

test('all minutes open: nothing to say', () => {
  expect(judge(minutes(0, 10), [])).toEqual({ gaps: [], strip: '##########' });
});

test('dark minutes that nothing accounts for are dark, to the minute', () => {
  const facts = [...minutes(0, 3), ...minutes(3, 6, { upMs: 0 }), ...minutes(6, 10)];
  expect(judge(facts, [])).toEqual({
    gaps: [['n', 3, 6, 'dark', undefined]],
    strip: '###___####',
  });
});

test('dark minutes whose flows the ring still had are whole', () => {
  const facts = [...minutes(0, 3), ...minutes(3, 6, { upMs: 0 }), ...minutes(6, 10)];
  const streams = [stream(0, 30, 0, 3), stream(25, 75, 2.5, 10)];
  expect(judge(facts, streams)).toEqual({ gaps: [], strip: '##########' });
});

test('dark minutes of which the ring kept a part: the rest is missing, counted', () => {
  const facts = [...minutes(0, 3), ...minutes(3, 6, { upMs: 0 }), ...minutes(6, 10)];
  const streams = [stream(0, 30, 0, 3), stream(47, 53, 4.5, 10)];
  expect(judge(facts, streams)).toEqual({
    gaps: [['n', 3, 4.5, 'missing', 17]],
    strip: '###xx#####',
  });
});

test('no report of the cluster: not collected, unless all nodes’ flows were fetched', () => {
  const facts = [...minutes(0, 4), ...minutes(7, 10)];
  expect(judge(facts, [])).toEqual({
    gaps: [['', 4, 7, 'not-collected', undefined]],
    strip: '####...###',
  });
  const streams = [stream(0, 40, 0, 4), stream(40, 60, 4, 10)];
  expect(judge(facts, streams).gaps).toEqual([]);
});

test('a node started anew: the end of its old life is unknown, the head of its new one is counted', () => {
  const anew = { ...stream(12, 50, 6, 10), bootMs: at(5) };
  expect(judge(minutes(0, 10), [stream(0, 40, 0, 4), anew]).gaps).toEqual([
    ['n', 4, 5, 'restarted', undefined],
    ['n', 5, 6, 'missing', 12],
  ]);
});

test('what nodes report as lost is summed, between its first and last minute', () => {
  const facts = minutes(0, 10).map((fact) =>
    fact.bucket === 2
      ? { ...fact, lostRing: 5 }
      : fact.bucket === 4
        ? { ...fact, lostPerf: 2 }
        : fact,
  );
  expect(judge(facts, [])).toEqual({ gaps: [['n', 2, 5, 'lost', 7]], strip: '##x#x#####' });
});

test('whatever streams there were, gaps count the numbers that none of them has', () => {
  const part = fc.record({ start: fc.nat(200), position: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
      const covered = new Set<number>();
      for (const { start, position } of parts)
        for (let i = 0; i < position; i++) covered.add(start + i);
      const first = Math.min(...covered);
      const last = Math.max(...covered);
      const { gaps, before } = continuityOf(
        parts.map(({ start, position }) => stream(start, position, 0, 1)),
      );
      const missing = gaps.reduce((sum, { count }) => sum + (count?.max ?? Number.NaN), 0);
      expect(missing).toBe(last - first + 1 - covered.size);
      expect(before?.count?.max ?? 0).toBe(first);
    }),
  );
});
