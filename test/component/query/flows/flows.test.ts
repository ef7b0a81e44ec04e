// The history query against a plain reading of the same flows: any number, from either end, any window, any page size.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import type { FlowFilter, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos, toNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { type FlowQuery, queryFlows } from '../../../../src/query/flows/flows.ts';
import { noticesFor } from '../../../../src/query/flows/notices.ts';
import { boundarySlot } from '../../../../src/query/read/slots.ts';
import { MINUTE_NS, msToNs, SECOND_NS } from '../../../../src/runtime/time.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const NOW = msToNs(Date.parse('2026-11-23T00:00:00Z'));
const YEAR_1970 = SECOND_NS;
const YEAR_2200 = msToNs(Date.parse('2200-01-01T00:00:00Z'));
/** Crowded minutes, the same moment many times, gaps of days, and clocks that are far off. */
const MOMENTS = [
  ...Array.from({ length: 200 }, (_, i) => NOW - BigInt(i) * 7n * MINUTE_NS),
  ...Array.from({ length: 150 }, (_, i) => NOW - BigInt(i)),
  ...Array.from({ length: 60 }, () => NOW - 3n * MINUTE_NS),
  ...Array.from({ length: 40 }, (_, i) => NOW - BigInt(i) * 1440n * MINUTE_NS * 20n),
  YEAR_1970,
  -YEAR_1970,
  YEAR_2200,
];

let stored: StoredCorpus;
const responses: GetFlowsResponse[] = MOMENTS.map((nanos, i) => {
  const time = fromNanos(nanos);
  if (i % 37 === 0) return { lost_events: { num_events_lost: BigInt(i + 1) }, time };
  const url = `http://host/${i % 3 === 0 ? 'a' : 'b'}/${i}`;
  const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  return { flow: { time, uuid, verdict: (i % 5) + 1, l7: { http: { url } } }, time };
});

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(responses);
});
afterAll(() => stored.close());

const timeOf = ({ time }: GetFlowsResponse) => (time === undefined ? 0n : toNanos(time));

/** What is asked, read off the list. Responses of one moment are in no order. */
function expected(query: FlowQuery): GetFlowsResponse[] {
  const wants = compilePredicate(query.whitelist, query.blacklist);
  const passing = responses
    .filter((each) => (each.flow === undefined && query.events === 'all' ? true : wants(each)))
    .filter((each) => query.since === undefined || timeOf(each) >= query.since)
    .filter((each) => query.until === undefined || timeOf(each) <= query.until)
    .sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0));
  const number = Number(query.number);
  if (number === 0) return passing;
  return query.first ? passing.slice(0, number) : passing.slice(-number);
}

const FILTERS: readonly FlowFilter[][] = [
  [],
  [{ verdict: [2] }],
  // Finished by the predicate.
  [{ http_path: ['^/a/'] }],
  [{ verdict: [7] }],
];
const moment = fc.option(fc.constantFrom(...MOMENTS, NOW - 1n, 0n, NOW + MINUTE_NS), {
  nil: undefined,
  freq: 3,
});
const queries = fc.record({
  whitelist: fc.constantFrom(...FILTERS),
  blacklist: fc.constantFrom(...FILTERS.slice(0, 3)),
  number: fc.constantFrom(0n, 1n, 3n, 20n, 100n, 450n, 10_000n),
  first: fc.boolean(),
  since: moment,
  until: moment,
  events: fc.constantFrom('all' as const, 'matching' as const),
});
const limits = fc.record({
  pageRows: fc.constantFrom(7, 50, 5000),
  heldRows: fc.constantFrom(0, 10_000),
  maxRows: fc.constant(1_000_000),
});

test('any query', async () => {
  await fc.assert(
    fc.asyncProperty(queries, limits, async (query, limit) => {
      const got: GetFlowsResponse[] = [];
      for await (const response of queryFlows(stored.store, query, limit)) got.push(response);
      const wanted = expected(query);
      expect(got.map(timeOf)).toEqual(wanted.map(timeOf));
      // No response twice.
      const ids = got.map(({ flow, lost_events }) => flow?.uuid ?? lost_events?.num_events_lost);
      expect(new Set(ids).size).toBe(got.length);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 90_000 },
  );
});

test('a reader that leaves ends the query; one that gives up by signal too', async () => {
  const query: FlowQuery = {
    whitelist: [],
    blacklist: [],
    number: 0n,
    first: false,
    events: 'all',
  };
  const small = { pageRows: 7, heldRows: 0 };
  let seen = 0;
  for await (const _ of queryFlows(stored.store, query, small)) if (++seen === 3) break;
  expect(seen).toBe(3);
  const over = new AbortController();
  const reading = async () => {
    for await (const _ of queryFlows(stored.store, query, small, over.signal)) over.abort();
  };
  await expect(reading()).rejects.toThrow();
  // Nothing was left open: the next query gets its turn.
  expect(await boundarySlot(stored.store, {}, 'newest')).toBe(YEAR_2200 / (5n * MINUTE_NS));
});

test('an empty window and lost events are said', async () => {
  const query: FlowQuery = {
    whitelist: [{ uuid: ['x'] }],
    blacklist: [],
    number: 0n,
    first: false,
    since: NOW - 100n * MINUTE_NS,
    until: NOW,
    events: 'matching',
  };
  const notices = await noticesFor(stored.store, query, 0n);
  expect(notices[0]).toContain('no flows match');
  expect(notices[1]).toMatch(/^\d+ events were lost in this window/);
  const nothing = { ...query, since: 1000n * YEAR_1970, until: 2000n * YEAR_1970 };
  expect(await noticesFor(stored.store, nothing, 0n)).toEqual([
    expect.stringContaining(
      'no data was collected in that window; flows are stored from 1969-12-31',
    ),
  ]);
});
