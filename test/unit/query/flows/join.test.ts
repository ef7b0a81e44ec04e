// History and live as one stream, with both of them played.

import { expect, test } from 'vitest';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { celFailures } from '../../../../src/query/flows/cel-failures.ts';
import { EncodedResponse } from '../../../../src/query/flows/encoded-response.ts';
import type { FlowQuery } from '../../../../src/query/flows/flows.ts';
import type { LiveStream } from '../../../../src/query/flows/follow.ts';
import { historyThenLive, withoutDoubles } from '../../../../src/query/flows/join.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';

const flow = (second: number): GetFlowsResponse => ({
  flow: { uuid: `flow ${second}`, time: fromNanos(BigInt(second) * SECOND_NS) },
});
const lost: GetFlowsResponse = { lost_events: { num_events_lost: 3n } };

interface Script {
  /** What each reading of history gives. */
  readonly history: readonly (readonly GetFlowsResponse[])[];
  readonly live: readonly GetFlowsResponse[];
  /** After which readings more had come than could wait. */
  readonly overrun?: readonly boolean[];
  readonly stored?: boolean;
}

async function play(asked: Partial<FlowQuery>, script: Script) {
  const query: FlowQuery = {
    ...{ whitelist: [], blacklist: [], number: 0n, first: false, events: 'all' },
    ...asked,
  };
  const queries: FlowQuery[] = [];
  const steps: string[] = [];
  let restarts = 0;
  const live: LiveStream = {
    waitUntilStored: async () => {
      steps.push('settled');
      return script.stored ?? true;
    },
    setPatient: (patient) => void steps.push(patient ? 'patient' : 'impatient'),
    restart: () => script.overrun?.[restarts++] ?? false,
    async *[Symbol.asyncIterator]() {
      for (const response of script.live) yield EncodedResponse.of(response);
    },
  };
  async function* history(rest: FlowQuery) {
    steps.push('history');
    queries.push(rest);
    yield* script.history[queries.length - 1] ?? [];
  }
  const told: GetFlowsResponse[] = [];
  const notices: string[] = [];
  for await (const item of historyThenLive(query, history, live, celFailures())) {
    if (item.kind === 'notice') notices.push(item.notice);
    else told.push(item.response);
  }
  return { told, notices, queries, steps };
}

test('history is read once all published before is stored; what both have is told once', async () => {
  const { told, steps, queries } = await play(
    { since: SECOND_NS },
    { history: [[flow(1), flow(2), lost]], live: [flow(2), lost, flow(3), flow(3)] },
  );
  expect(told).toEqual([flow(1), flow(2), lost, flow(3)]);
  expect(steps).toEqual(['patient', 'settled', 'history', 'impatient']);
  expect(queries).toMatchObject([{ since: SECOND_NS, number: 0n }]);
});

test('when more came than may wait, history is read on from shortly before its end', async () => {
  const { told, queries, steps } = await play(
    { since: 2n * SECOND_NS },
    {
      history: [
        [flow(90), flow(100)],
        [flow(98), flow(100), flow(101)],
        [flow(101), flow(102)],
      ],
      live: [flow(102), flow(103)],
      overrun: [true, true, false],
    },
  );
  expect(told).toEqual([90, 100, 98, 101, 102, 103].map(flow));
  expect(queries.map(({ since, number }) => [since, number])).toEqual([
    [2n * SECOND_NS, 0n],
    [95n * SECOND_NS, 0n],
    [96n * SECOND_NS, 0n],
  ]);
  expect(steps.filter((step) => step === 'settled').length).toBe(3);
});

test('after the newest N nothing older is told', async () => {
  const { queries, told } = await play(
    { number: 2n },
    {
      history: [
        [flow(99), flow(100)],
        [flow(100), flow(101)],
      ],
      live: [],
      overrun: [true],
    },
  );
  expect(queries.map(({ since, number }) => [since, number])).toEqual([
    [undefined, 2n],
    [99n * SECOND_NS, 0n],
  ]);
  expect(told).toEqual([99, 100, 101].map(flow));
});

test('as long as nothing is found the same is asked again, and not for ever', async () => {
  const { queries } = await play(
    { number: 5n },
    { history: [], live: [], overrun: Array(99).fill(true) },
  );
  expect(queries.length).toBe(6);
  expect(new Set(queries.map(({ number }) => number))).toEqual(new Set([5n]));
});

test('it is said when what was published may not be stored yet', async () => {
  const { notices } = await play({ number: 5n }, { history: [], live: [], stored: false });
  expect(notices).toEqual(['storing is behind: flows of the last seconds may be missing']);
});

test('what collectors publish again is told once without history too', async () => {
  const live: LiveStream = {
    waitUntilStored: async () => true,
    setPatient: () => {},
    restart: () => false,
    async *[Symbol.asyncIterator]() {
      for (const response of [flow(1), flow(2), flow(1)]) yield EncodedResponse.of(response);
    },
  };
  const told: unknown[] = [];
  for await (const item of withoutDoubles(live))
    if (item.kind === 'response') told.push(item.response);
  expect(told).toEqual([flow(1), flow(2)]);
});
