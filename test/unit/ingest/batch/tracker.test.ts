import { expect, test } from 'vitest';
import { NodeTable } from '../../../../src/ingest/batch/nodes.ts';
import { ResponseTracker } from '../../../../src/ingest/batch/tracker.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { flowResponse, lostEventsResponse } from '../../../support/ingest/responses.ts';

const START = 1_700_000_000_500;
const MINUTE = 60_000;
const bright = () => false;

function tracker() {
  const made = new ResponseTracker({
    startMs: START,
    overlapMs: 30_000,
    lookbackMs: 15 * MINUTE,
    maxNodes: 10,
  });
  const take = (node: string, flowMs: number, nowMs: number) => {
    const bytes = flowResponse({ timeNs: msToNs(flowMs), node });
    return made.take(bytes, 0, bytes.length, made.at(nowMs));
  };
  return { tracker: made, take };
}

test('the first stream asks for the lookback, a later one from the newest flow less the overlap', () => {
  const { tracker: it, take } = tracker();
  expect(it.since(bright)).toBe(START - 15 * MINUTE);
  take('a', START, START);
  take('a', START + 5000, START + 5000);
  take('a', START + 4000, START + 5000);
  expect(it.since(bright)).toBe(START + 5000 - 30_000);
});

test('a clock ahead is not believed, and one behind is asked from further back', () => {
  const { tracker: it, take } = tracker();
  take('ahead', START + 3_000_000, START);
  expect(it.since(bright)).toBe(START - 30_000);
  take('behind', START - 2 * MINUTE, START);
  // Arrives late once more; the clock is behind by the least of it.
  take('behind', START - 5 * MINUTE, START);
  expect(it.since(bright)).toBe(START - 2 * MINUTE - 30_000);
  // Known from the stream before, until it sends again.
  it.opened();
  take('ahead', START, START);
  expect(it.since(bright)).toBe(START - 2 * MINUTE - 30_000);
});

test('a node the relay had lost is asked from its newest flow, but not for ever', () => {
  const { tracker: it, take } = tracker();
  take('dark', START, START);
  const later = START + 10 * MINUTE;
  take('bright', later, later);
  const isDark = (node: string) => node === 'dark';
  expect(it.since(isDark)).toBe(START - 30_000);
  take('bright', START + 60 * MINUTE, START + 60 * MINUTE);
  expect(it.since(isDark)).toBe(START + 45 * MINUTE - 30_000);
});

test('what the bus refused is asked for again, once', () => {
  const { tracker: it, take } = tracker();
  take('a', START + MINUTE, START + MINUTE);
  it.refuse(it.at(START - MINUTE));
  expect(it.since(bright)).toBe(START - MINUTE - 30_000);
  it.opened();
  expect(it.since(bright)).toBe(START + MINUTE - 30_000);
});

test('lost events are summed by source and by node', () => {
  const { tracker: it } = tracker();
  for (const [source, lost] of [
    [3, 5],
    [3, 7],
    [1, 1],
  ] as const) {
    const bytes = lostEventsResponse({ timeNs: 1n, node: 'a', source, lost });
    it.take(bytes, 0, bytes.length, 0);
  }
  expect(it.counts.lostBySource).toEqual(
    new Map([
      [3, 12],
      [1, 1],
    ]),
  );
  expect([...it.nodes.values()]).toMatchObject([{ name: 'a', lost: 13, received: 3 }]);
});

test('the node table is bounded; the silent make room', () => {
  const table = new NodeTable({ maxNodes: 3, contactNs: 0, remembered: 4 });
  const find = (name: string, now: number) => {
    const bytes = Buffer.from(`..${name}..`);
    const node = table.find(bytes, 2, 2 + name.length, now);
    node.received++;
    node.heard = now;
    return node;
  };
  const names = ['a', 'b', 'c'];
  for (const name of names) expect(find(name, 0).name).toBe(name);
  expect(find('a', 1)).toBe(find('a', 2));
  const shared = find('d', 3);
  expect(shared.history).toBeUndefined();
  expect(find('e', 4)).toBe(shared);
  expect([...table.values()]).toHaveLength(4);
  find('a', 700e9);
  const fresh = find('d', 701e9);
  expect(fresh.name).toBe('d');
  expect([...table.values()].map(({ name }) => name).sort()).toEqual(['(other nodes)', 'a', 'd']);
});
