// An incident watch under everything that can happen to it: denials in any order and late, kills before and after a
// write, a second watch beside it. What is logged must always be a proper story of each incident, each chapter once.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alertConfig } from '../../../../src/alert/config.ts';
import { IncidentWatch } from '../../../../src/alert/incidents/incident-watch.ts';
import type { IncidentLogRow } from '../../../../src/query/denials/feed/incident-log.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { Killed, Tables } from '../../../support/alert/tables.ts';

const START = 1_773_489_600_000;
const SECOND = 1000;
const config = {
  ...alertConfig.parse({
    changeInterval: '20s',
    overlap: '5s',
    sweepInterval: '15s',
  }),
  quiet: 60_000,
};

type Step =
  | {
      readonly kind: 'denied';
      readonly incident: bigint;
      readonly late: number;
      readonly pod: string;
    }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'dark'; readonly seconds: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'fail'; readonly after: boolean };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('denied' as const),
        incident: fc.bigInt(1n, 3n),
        // Seconds between the flow and its storing.
        late: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 200 })),
        pod: fc.constantFrom('a', 'b', 'c'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        seconds: fc.integer({ min: 1, max: 90 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('dark' as const),
        seconds: fc.integer({ min: 1, max: 200 }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'kill' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('fail' as const), after: fc.boolean() }),
    },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Plays a story; `kills` false leaves the kills and failures out, `watches` many look at the same tables. */
async function play(story: readonly Step[], { kills = true, watches = 1 } = {}): Promise<Tables> {
  const tables = new Tables();
  const fresh = () =>
    new IncidentWatch({
      config,
      source: tables.source(),
      log: tables.incidentLog(),
      evaluator: 'test',
      appended: () => {},
    });
  const running = Array.from({ length: watches }, fresh);
  let now = START;
  const look = async () => {
    // At once: they see each other's rows in the middle of their work.
    await Promise.all(
      running.map(async (watch, index) => {
        try {
          await watch.evaluate(now);
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          running[index] = fresh();
        }
      }),
    );
  };
  const pass = async (seconds: number, seen: boolean) => {
    for (let second = 0; second < seconds; second++) {
      if (seen) tables.watched.push({ fromMs: now, toMs: now + SECOND });
      now += SECOND;
      await look();
    }
  };
  await look();
  for (const step of story)
    switch (step.kind) {
      case 'denied': {
        const { incident, late, pod } = step;
        tables.denials.push({
          incident,
          time: msToNs(now - late * SECOND),
          storedAt: now,
          pod,
        });
        await pass(1, true);
        break;
      }
      case 'wait':
        await pass(step.seconds, true);
        break;
      case 'dark':
        await pass(step.seconds, false);
        break;
      case 'kill':
        if (kills) running[0] = fresh();
        break;
      case 'fail':
        if (kills) tables.fate = step.after ? 'killed after' : 'killed before';
        break;
      default:
        step satisfies never;
    }
  tables.fate = 'well';
  await pass(150, true);
  return tables;
}

/** The rows without what another evaluator wrote again. */
function once(rows: readonly IncidentLogRow[]): IncidentLogRow[] {
  const keys = new Set<string>();
  return rows.filter(({ key, silent }) => !silent && !keys.has(key) && keys.add(key));
}

function storyOf(rows: readonly IncidentLogRow[], incident: bigint): string {
  return rows
    .filter((row) => row.incident === incident)
    .map(({ kind }) => kind)
    .join(' ');
}

function checkStories({ log, denials }: Tables): void {
  const rows = once(log);
  for (const incident of new Set(denials.map((each) => each.incident))) {
    // Begun, perhaps grown, over; and perhaps all of it again.
    expect(storyOf(rows, incident)).toMatch(/^(new( changed)* resolved ?)+$/);
    const own = rows.filter((row) => row.incident === incident);
    expect(new Set(own.map(({ kind, episode, step }) => `${kind} ${episode} ${step}`)).size).toBe(
      own.length,
    );
    // Everything that was denied is in the story.
    const last = denials.filter((each) => each.incident === incident).map(({ time }) => time);
    const told = log.filter((row) => row.incident === incident).map(({ lastSeen }) => lastSeen);
    expect(told.toSorted(ascending).at(-1)).toBe(last.toSorted(ascending).at(-1));
  }
}

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

test('every incident is told from its beginning to its end, each transition once, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (story) => {
      const tables = await play(story);
      expect(new Set(tables.log.map(({ key, silent }) => `${key} ${silent}`)).size).toBe(
        once(tables.log).length +
          new Set(tables.log.filter(({ silent }) => silent).map(({ key }) => key)).size,
      );
      expect(once(tables.log)).toHaveLength(tables.log.filter(({ silent }) => !silent).length);
      checkStories(tables);
    }),
    { numRuns: 150 },
  );
});

/** Keys of the beginnings of each incident, in order. */
function beginnings(rows: readonly IncidentLogRow[]): Map<bigint, string[]> {
  const keys = new Map<bigint, string[]>();
  for (const { kind, incident, key } of once(rows))
    if (kind === 'new') keys.set(incident, [...(keys.get(incident) ?? []), key]);
  return keys;
}

/**
 * The first, second, … beginning of an incident has the same key in both. How many there are depends on whether it was
 * said to be over in time, so on who looked when.
 */
function expectSameKeys(one: readonly IncidentLogRow[], other: readonly IncidentLogRow[]): void {
  const [a, b] = [beginnings(one), beginnings(other)];
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  for (const [incident, keys] of a) {
    const others = b.get(incident) ?? [];
    const both = Math.min(keys.length, others.length);
    expect(keys.slice(0, both)).toEqual(others.slice(0, both));
  }
}

test('kills do not change the keys', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (story) => {
      const [calm, killed] = [await play(story, { kills: false }), await play(story)];
      expectSameKeys(calm.log, killed.log);
    }),
    { numRuns: 150 },
  );
});

test('two evaluators tell a proper story, too, under the keys that one would use', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (story) => {
      const [one, two] = [await play(story), await play(story, { watches: 2 })];
      checkStories(two);
      expectSameKeys(one.log, two.log);
    }),
    { numRuns: 150 },
  );
});

test('an incident is looked up in the log, not taken for new, when memory has forgotten it', async () => {
  const story: Step[] = [
    { kind: 'denied', incident: 1n, late: 0, pod: 'a' },
    { kind: 'wait', seconds: 80 },
    { kind: 'kill' },
    { kind: 'denied', incident: 1n, late: 0, pod: 'a' },
  ];
  const { log } = await play(story);
  expect(storyOf(log, 1n)).toBe('new resolved new resolved');
  const known = log.map(({ document }) => JSON.parse(document).known);
  expect(known).toEqual([false, false, true, true]);
});

test('late denials make an open incident older, not another one', async () => {
  const story: Step[] = [
    { kind: 'denied', incident: 1n, late: 0, pod: 'a' },
    { kind: 'denied', incident: 1n, late: 200, pod: 'a' },
    { kind: 'kill' },
    { kind: 'denied', incident: 1n, late: 100, pod: 'a' },
  ];
  const { log } = await play(story);
  expect(storyOf(log, 1n)).toBe('new resolved');
  const [first, last] = log;
  expect(last?.openedAt).toBe(first?.openedAt);
});
