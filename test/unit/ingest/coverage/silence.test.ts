import { expect, test } from 'vitest';
import { SilenceWatch } from '../../../../src/ingest/coverage/silence.ts';

const MINUTE = 60_000;

test('a node that sees flows which do not arrive is named, after two polls and not at once again', () => {
  const watch = new SilenceWatch();
  const poll = (at: number, seen: number, received: number) =>
    watch.poll(at, [{ name: 'a', seen, received }]);
  expect(poll(0, 100, 90)).toEqual([]);
  expect(poll(1, 200, 190)).toEqual([]);
  expect(poll(2, 300, 190)).toEqual([]);
  expect(poll(3, 400, 190)).toEqual(['a']);
  for (let at = 4; at < 9; at++) expect(poll(at, 400 + at, 190)).toEqual([]);
  expect(poll(11 * MINUTE, 500, 190)).toEqual(['a']);
});

test('idle nodes, restarted ones, and ones never heard of are left alone; a pause excuses', () => {
  const watch = new SilenceWatch();
  for (let at = 0; at < 5; at++) {
    expect(
      watch.poll(at, [
        { name: 'idle', seen: 100, received: 50 },
        { name: 'restarted', seen: 1000 - at * 100, received: 50 },
        { name: 'unheard', seen: 100 * at, received: 0 },
      ]),
    ).toEqual([]);
  }
  const paused = (at: number) => {
    watch.reset();
    return watch.poll(at, [{ name: 'b', seen: at, received: 1 }]);
  };
  for (let at = 10; at < 15; at++) expect(paused(at)).toEqual([]);
});
