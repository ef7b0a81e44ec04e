import { describe, expect, it } from 'vitest';
import { DeliveryQueue, type QueueItem } from '../../../../src/alert/notify/delivery-queue.ts';
import { retryAfterOf } from '../../../../src/alert/notify/webhook.ts';
import type { IncidentEvent } from '../../../../src/incident/incident-event.ts';
import type { IncidentLogRow } from '../../../../src/query/denials/feed/incident-log.ts';

const policy = {
  concurrency: 2,
  held: 3,
  retry: { initial: 1000, max: 8000 },
  maxAttempts: 10,
  maxAge: 60_000,
};
// The queue reads only the keys of its rows.
const event = {} as IncidentEvent;
const row = (sequence: bigint, incident: bigint) =>
  ({ sequence, incident, key: `k${sequence}`, kind: 'new', receivedAt: 100 }) as IncidentLogRow;

function queueOf(...rows: readonly [bigint, bigint][]): DeliveryQueue {
  const all = new DeliveryQueue(policy, () => 0.999_999);
  for (const [sequence, incident] of rows) all.add(row(sequence, incident), event, 0, false);
  return all;
}
const keys = (items: readonly QueueItem[]) => items.map(({ row: { key } }) => key);
const only = (items: readonly QueueItem[]): QueueItem => {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`${items.length} items`);
  return item;
};

describe('queued events of a receiver', () => {
  it('are due one after the other within an incident, and at once across', () => {
    const all = queueOf([1n, 7n], [2n, 7n], [3n, 8n]);
    expect(keys(all.due(0))).toEqual(['k1', 'k3']);
    for (const item of all.due(0)) all.begin(item);
    expect(all.due(0)).toEqual([]);
    const [first] = [...all.finished()];
    expect(first).toBeUndefined();
    expect(all.room).toBe(0);
  });

  it('wait twice as long after each failure, up to a limit', () => {
    const all = queueOf([1n, 7n]);
    const waits: number[] = [];
    for (let now = 0, i = 0; i < 6; i++) {
      const item = only(all.due(now));
      all.begin(item);
      all.retryLater(item, { kind: 'failed', status: 500, reason: 'status 500' }, now);
      waits.push(all.wait(now, 1e9));
      now += waits.at(-1) ?? 0;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
    expect(all.wait(0, 500)).toBe(500);
  });

  it('are due at once when the receiver is reachable again', () => {
    const all = queueOf([1n, 7n], [2n, 8n]);
    const [first, second] = all.due(0);
    if (first === undefined || second === undefined) throw new Error('two are due');
    for (const item of [first, second]) all.begin(item);
    all.retryLater(first, { kind: 'failed', status: 0, reason: 'no connection' }, 0);
    all.retryLater(second, { kind: 'failed', status: 500, reason: 'status 500' }, 0);
    expect(all.due(10)).toEqual([]);
    all.reachable(10);
    // An error response is an answer: that item waits on.
    expect(keys(all.due(10))).toEqual(['k1']);
  });

  it('give the sequence up to which all are finished, in any order', () => {
    const all = queueOf([5n, 7n], [6n, 8n], [9n, 9n]);
    expect(all.finishedUpTo(20n)).toBe(4n);
    const [first, second, third] = all.due(0);
    if (!first || !second || !third) throw new Error('three are due');
    const end = { state: 'delivered', status: 200, reason: '' } as const;
    all.finish(second, end);
    expect(all.finishedUpTo(20n)).toBe(4n);
    all.finish(first, end);
    expect(all.finishedUpTo(20n)).toBe(8n);
    expect(keys(all.finished())).toEqual(['k5', 'k6']);
    for (const item of all.finished()) all.remove(item);
    all.finish(third, end);
    expect(all.finishedUpTo(20n)).toBe(20n);
    expect(all.age(1100)).toBe(0);
  });

  it('are added once, but for redeliveries', () => {
    const all = queueOf([1n, 7n]);
    expect(all.hasKey('k1')).toBe(true);
    all.remove(only(all.due(0)));
    expect([all.hasKey('k1'), all.size]).toEqual([true, 0]);
    all.add(row(1n, 7n), event, 0, true);
    // A redelivery does not move the position back.
    expect([all.size, all.finishedUpTo(20n)]).toEqual([1, 20n]);
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
  ])('%s is %s ms', (text, wanted) => expect(retryAfterOf(text, 5000)).toBe(wanted));
});
