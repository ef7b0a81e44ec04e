// What happens to incidents, from what is stored of them to the log, on the embedded engine.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  alertStore,
  documentsOf,
  logOf,
  MINUTE,
  ownClock,
  store,
  told,
  until,
  watch,
} from '../../../support/alert/harness.ts';

const opened = alertStore();
const log = () => logOf(opened.store);
const logged = (text: string) =>
  until(
    `the log "${text}"`,
    async () => told(await log()),
    (seen) => seen === text,
  );

describe('an incident over time', () => {
  test('is new once, however often it is denied', async () => {
    const clock = ownClock();
    await opened.start(clock);
    await sleep(100);
    const at = clock.now();
    await store(opened.store, [{ at: at - 2000, count: 3 }]);
    await logged('new 1');
    await store(opened.store, [{ at: at - 1000 }, { at: at - 3000 }]);
    await sleep(300);
    const rows = await log();
    expect(told(rows)).toBe('new 1');
    const [event] = documentsOf(rows);
    expect(event).toMatchObject({
      version: 1,
      event: 'new',
      known: false,
      openedAt: new Date(at - 2000).toISOString().replace('.000Z', 'Z'),
      pods: { source: ['xwing-1'], destination: ['rebel-base-1'] },
      incident: {
        id: '0000000000000001',
        cluster: 'east',
        count: 3,
        state: 'open',
        new: true,
        source: { cluster: 'liz-cm-gke-5', text: 'farfaraway/xwing' },
        destination: { text: 'farfaraway/rebel-base' },
      },
    });
    expect(event?.cursor).toBe(String(rows[0]?.sequence));
  });

  test('is resolved after quiet, where the cluster was collected, and new and known when it is back', async () => {
    const clock = ownClock();
    const at = clock.now();
    await opened.start(clock);
    await store(opened.store, [{ at, count: 4 }]);
    await logged('new 1');
    clock.ahead(11 * MINUTE);
    await sleep(300);
    // Nobody looked meanwhile.
    expect(told(await log())).toBe('new 1');
    await watch(opened.store, 'west', at, clock.now());
    await sleep(300);
    expect(told(await log())).toBe('new 1');
    await watch(opened.store, 'east', at, clock.now());
    await logged('new 1, resolved 1');
    await store(opened.store, [{ at: clock.now(), count: 2 }]);
    await logged('new 1, resolved 1, new 1');
    const rows = await log();
    const [first, resolved, back] = documentsOf(rows);
    expect(resolved).toMatchObject({ known: false, incident: { state: 'resolved', count: 4 } });
    expect(resolved?.episode).toBe(first?.episode);
    expect(back).toMatchObject({ known: true, incident: { known: true, new: false, count: 2 } });
    expect(back?.episode).not.toBe(first?.episode);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(3);
  });

  test('counts from where it is back, in the same hour as before too', async () => {
    const clock = ownClock(Math.floor(Date.now() / 3_600_000) * 3_600_000 + 5 * MINUTE);
    const at = clock.now();
    await opened.start(clock, { quiet: '2m' });
    await store(opened.store, [{ at, count: 40, storedAt: at }]);
    await logged('new 1');
    await watch(opened.store, 'east', at, at + 10 * MINUTE);
    clock.ahead(10 * MINUTE);
    await logged('new 1, resolved 1');
    const back = clock.now();
    await store(opened.store, [{ at: back, count: 5, storedAt: back }]);
    await logged('new 1, resolved 1, new 1');
    expect(documentsOf(await log())[2]?.incident.count).toBe(5);
    await watch(opened.store, 'east', back, back + 5 * MINUTE);
    clock.ahead(5 * MINUTE);
    await logged('new 1, resolved 1, new 1, resolved 1');
    expect(documentsOf(await log())[3]?.incident.count).toBe(5);
  });

  test('stays open while its cluster is dark, and is let go in the end', async () => {
    const clock = ownClock();
    const at = clock.now();
    const alerts = await opened.start(clock, { giveUp: '2h' });
    await store(opened.store, [{ at }]);
    await logged('new 1');
    await watch(opened.store, 'east', at, at + 5 * MINUTE);
    clock.ahead(60 * MINUTE);
    await sleep(300);
    expect(told(await log())).toBe('new 1');
    expect(await alerts.registry.metrics()).toMatch(/^parallax_alert_stale_incidents 1$/m);
    clock.ahead(61 * MINUTE);
    await logged('new 1, resolved 1');
    expect(documentsOf(await log())[1]?.incident.state).toBe('stale');
  });

  test('is changed when it doubled, and when another pod is denied, once an interval', async () => {
    const clock = ownClock();
    await opened.start(clock);
    await store(opened.store, [{ at: clock.now(), count: 10 }]);
    await logged('new 1');
    await store(opened.store, [{ at: clock.now() + 1, count: 12 }]);
    await sleep(300);
    expect(told(await log())).toBe('new 1');
    clock.ahead(61_000);
    await logged('new 1, changed 1');
    expect(documentsOf(await log())[1]?.change).toEqual({
      count: { from: 10, to: 22 },
      pods: { source: [], destination: [] },
    });
    await store(opened.store, [{ at: clock.now(), pod: 'xwing-2' }]);
    clock.ahead(61_000);
    await logged('new 1, changed 1, changed 1');
    const changed = documentsOf(await log())[2];
    expect(changed?.change).toEqual({
      count: { from: 22, to: 23 },
      pods: { source: ['xwing-2'], destination: [] },
    });
    expect(changed?.pods.source).toEqual(['xwing-1', 'xwing-2']);
    await store(opened.store, [{ at: clock.now() }]);
    clock.ahead(61_000);
    await sleep(300);
    expect((await log()).length).toBe(3);
  });

  test('what ended long ago is written down and not told', async () => {
    const clock = ownClock();
    const old = clock.now() - 48 * 60 * MINUTE;
    await store(opened.store, [
      { incident: 7n, at: old },
      { incident: 8n, at: clock.now() },
    ]);
    await opened.start(clock);
    await logged('(resolved 7), new 8');
    await store(opened.store, [{ incident: 7n, at: clock.now() }]);
    await logged('(resolved 7), new 8, new 7');
    expect(documentsOf(await log())[2]?.known).toBe(true);
  });

  test('what was stored late is found all the same', async () => {
    const clock = ownClock();
    await opened.start(clock, { sweepInterval: '200ms', overlap: '1s' });
    await store(opened.store, [{ incident: 1n, at: clock.now() }]);
    await logged('new 1');
    // By a writer whose clock is behind.
    const storedAt = clock.now() - 20 * MINUTE;
    await store(opened.store, [{ incident: 2n, at: clock.now(), storedAt }]);
    await logged('new 1, new 2');
  });

  test('drops without their policy verdicts are of the one incident that names the policy', async () => {
    const clock = ownClock();
    const deny = { reason: 181, count: 2 };
    const leftover = { ...deny, verdicts: 0 };
    const policies = 'CiliumNetworkPolicy farfaraway/no-xwing';
    await opened.start(clock, { sweepInterval: '200ms' });
    // The drop comes first; its verdict within the time that it is waited for.
    await store(opened.store, [{ incident: 1n, at: clock.now(), ...leftover }]);
    await store(opened.store, [{ incident: 2n, at: clock.now(), ...deny, policies }]);
    await logged('new 2');
    clock.ahead(5000);
    await store(opened.store, [{ incident: 1n, at: clock.now(), ...leftover }]);
    await sleep(500);
    expect(told(await log())).toBe('new 2');
    // Of other traffic nothing names a policy, and of that two incidents do.
    await store(opened.store, [{ incident: 3n, at: clock.now() - 3000, ...leftover, port: 443 }]);
    await logged('new 2, new 3');
    const other = `${policies}-either`;
    await store(opened.store, [{ incident: 4n, at: clock.now(), ...deny, policies: other }]);
    await logged('new 2, new 3, new 4');
    clock.ahead(61_000);
    await store(opened.store, [{ incident: 1n, at: clock.now(), ...leftover }]);
    await logged('new 2, new 3, new 4, new 1');
  });

  test('more than there is room for are taken up one after the other', async () => {
    const clock = ownClock();
    const at = clock.now();
    const alerts = await opened.start(clock, {
      maxOpen: 2,
      sweepInterval: '100ms',
      quiet: '1m',
    });
    await store(
      opened.store,
      [1n, 2n, 3n].map((incident) => ({ incident, at })),
    );
    await until(
      'two of them',
      async () => (await log()).length,
      (count) => count === 2,
    );
    await sleep(300);
    expect((await log()).length).toBe(2);
    expect(await alerts.registry.metrics()).toMatch(/^parallax_alert_waiting_incidents 1$/m);
    await watch(opened.store, 'east', at, at + 5 * MINUTE);
    clock.ahead(5 * MINUTE);
    const rows = await until('all of them', log, (all) => all.length === 6);
    for (const kind of ['new', 'resolved'])
      expect(
        rows
          .filter((row) => row.kind === kind)
          .map(({ incident }) => incident)
          .sort(),
      ).toEqual([1n, 2n, 3n]);
  });
});
