// Questions to a group's coordinator that is not there yet.
import { expect, test } from 'vitest';
import { describeError } from '../../../../src/bus/kafka/errors.ts';
import { untilGroupOpens } from '../../../../src/bus/kafka/group.ts';
import type { Clock } from '../../../../src/runtime/clock.ts';

const settings = { retries: 3, retryInitial: 100, retryMax: 300 };

function refused(type: string): Error {
  return Object.assign(new Error('refused'), { type });
}

/** Refuses with the given types, one after the other, and then answers; the pauses that were made. */
async function asked(...types: string[]) {
  let asks = 0;
  const pauses: number[] = [];
  const clock: Clock = { now: () => 0, sleep: async (ms) => void pauses.push(ms) };
  const answer = await untilGroupOpens(
    async () => {
      const type = types[asks++];
      if (type !== undefined) throw refused(type);
      return 'there';
    },
    settings,
    clock,
    new AbortController().signal,
  ).catch(describeError);
  return { answer, asks, pauses };
}

test('a group that is being opened is asked again', async () => {
  expect(
    await asked(
      'NOT_COORDINATOR_FOR_GROUP',
      'GROUP_LOAD_IN_PROGRESS',
      'GROUP_COORDINATOR_NOT_AVAILABLE',
    ),
  ).toEqual({ answer: 'there', asks: 4, pauses: [100, 200, 300] });
});

test('no more often than the settings say', async () => {
  const types = Array<string>(9).fill('GROUP_LOAD_IN_PROGRESS');
  expect(await asked(...types)).toMatchObject({
    answer: 'GROUP_LOAD_IN_PROGRESS: refused',
    asks: 4,
  });
});

test('what will not change is told at once', async () => {
  expect(await asked('GROUP_AUTHORIZATION_FAILED')).toMatchObject({
    answer: 'GROUP_AUTHORIZATION_FAILED: refused',
    asks: 1,
  });
});
