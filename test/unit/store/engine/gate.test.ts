import { rejects } from 'node:assert/strict';
import { expect, test } from 'vitest';
import { Gate } from '../../../../src/store/engine/gate.ts';

test('lets in as many as there are slots, then in order of coming', async () => {
  const gate = new Gate('queries', 2, 10);
  const log: string[] = [];
  const leaves = await Promise.all([gate.enter(), gate.enter()]);
  const later = ['a', 'b'].map(async (name) => {
    const leave = await gate.enter();
    log.push(name);
    return leave;
  });
  await Promise.resolve();
  expect(gate.waits).toBe(2);
  expect(log).toEqual([]);
  leaves[0]?.();
  leaves[0]?.();
  (await later[0])?.();
  await later[1];
  expect(log).toEqual(['a', 'b']);
  expect(gate.waits).toBe(0);
});

test('refuses whoever finds the queue full', async () => {
  const gate = new Gate('queries', 1, 1);
  const leave = await gate.enter();
  const waiting = gate.enter();
  await rejects(gate.enter(), { code: 'store/unavailable', message: /1 queries wait already/ });
  leave();
  (await waiting)();
  (await gate.enter())();
});

test('who gives up waiting leaves the queue and keeps no slot', async () => {
  const gate = new Gate('queries', 1, 1);
  const leave = await gate.enter();
  const ended = new AbortController();
  const waiting = gate.enter(ended.signal);
  ended.abort(new Error('gone'));
  await rejects(waiting, /gone/);
  await rejects(gate.enter(ended.signal), /gone/);
  expect(gate.waits).toBe(0);
  leave();
  const again = await gate.enter();
  expect(gate.waits).toBe(0);
  again();
});
