// What is tried when, of the events that are held for one receiver.
import { describe, expect, it } from 'vitest';
import { Held, type Item } from '../../../../src/alert/notify/delivery-queue.ts';
import { pauseOf } from '../../../../src/alert/notify/webhook.ts';
import type { IncidentEvent } from '../../../../src/incident/incident-event.ts';
import type { IncidentLogRow } from '../../../../src/query/denials/feed/incident-log.ts';

const patience = {
  concurrency: 2,
  held: 3,
  retry: { initial: 1000, max: 8000 },
  maxAttempts: 10,
  maxAge: 60_000,
};
// Only its keys are looked at here.
const event = {} as IncidentEvent;
const row = (sequence: bigint, incident: bigint) =>
  ({ sequence, incident, key: `k${sequence}`, kind: 'new', receivedAt: 100 }) as IncidentLogRow;

function held(...rows: readonly [bigint, bigint][]): Held {
  const all = new Held(patience, () => 0.999_999);
  for (const [sequence, incident] of rows) all.add(row(sequence, incident), event, 0, false);
  return all;
}
const keys = (items: readonly Item[]) => items.map(({ row: { key } }) => key);
const only = (items: readonly Item[]): Item => {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`${items.length} items`);
  return item;
};

describe('events held for a receiver', () => {
  it('go one after the other within an incident, and at once across', () => {
    const all = held([1n, 7n], [2n, 7n], [3n, 8n]);
    expect(keys(all.due(0))).toEqual(['k1', 'k3']);
    for (const item of all.due(0)) all.begin(item);
    expect(all.due(0)).toEqual([]);
    const [first] = [...all.finished()];
    expect(first).toBeUndefined();
    expect(all.room).toBe(0);
  });

  it('wait twice as long after each failure, up to a limit', () => {
    const all = held([1n, 7n]);
    const waits: number[] = [];
    for (let now = 0, i = 0; i < 6; i++) {
      const item = only(all.due(now));
      all.begin(item);
      all.failed(item, { status: 500, reason: 'status 500' }, now);
      waits.push(all.wait(now, 1e9));
      now += waits.at(-1) ?? 0;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
    expect(all.wait(0, 500)).toBe(500);
  });

  it('are tried at once when a receiver that was gone answers again', () => {
    const all = held([1n, 7n], [2n, 8n]);
    const [first, second] = all.due(0);
    if (first === undefined || second === undefined) throw new Error('two are due');
    for (const item of [first, second]) all.begin(item);
    all.failed(first, { status: 0, reason: 'no connection' }, 0);
    all.failed(second, { status: 500, reason: 'status 500' }, 0);
    expect(all.due(10)).toEqual([]);
    all.back(10);
    // What it answered with an error waits on: that one is not gone.
    expect(keys(all.due(10))).toEqual(['k1']);
  });

  it('say how far all is done, whatever order it was done in', () => {
    const all = held([5n, 7n], [6n, 8n], [9n, 9n]);
    expect(all.before(20n)).toBe(4n);
    const [first, second, third] = all.due(0);
    if (!first || !second || !third) throw new Error('three are due');
    const end = { state: 'delivered', status: 200, reason: '' } as const;
    all.finish(second, end);
    expect(all.before(20n)).toBe(4n);
    all.finish(first, end);
    expect(all.before(20n)).toBe(8n);
    expect(keys(all.finished())).toEqual(['k5', 'k6']);
    for (const item of all.finished()) all.remove(item);
    all.finish(third, end);
    expect(all.before(20n)).toBe(20n);
    expect(all.age(1100)).toBe(0);
  });

  it('are taken once, unless they are asked for again', () => {
    const all = held([1n, 7n]);
    expect(all.knows('k1')).toBe(true);
    all.remove(only(all.due(0)));
    expect([all.knows('k1'), all.size]).toEqual([true, 0]);
    all.add(row(1n, 7n), event, 0, true);
    // Its place was passed long ago.
    expect([all.size, all.before(20n)]).toEqual([1, 20n]);
  });
});

describe('Retry-After', () => {
  it.each([
    ['3', 3000],
    ['0', 0],
    ['999999', 3_600_000],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 5000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (text, wanted) => expect(pauseOf(text, 5000)).toBe(wanted));
});
