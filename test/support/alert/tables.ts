// The tables and the log of an incident watch in memory. A write to the log can be made to fail before or after it has
// the rows.

import type { WritableLog } from '../../../src/alert/incidents/incident-watch.ts';
import type { Source } from '../../../src/alert/incidents/source.ts';
import { floorDiv } from '../../../src/hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../../src/incident/incident.ts';
import type { IncidentLogRow } from '../../../src/query/denials/feed/incident-log.ts';
import type { Silence, WatchedSince } from '../../../src/query/denials/watched.ts';
import { HOUR_NS } from '../../../src/runtime/time.ts';

export interface Denial {
  readonly incident: bigint;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  readonly pod: string;
}

const SLOT = 300_000_000_000n;

export class Killed extends Error {}

export class Tables {
  readonly denials: Denial[] = [];
  readonly log: IncidentLogRow[] = [];
  /** Intervals in which the one cluster was collected, milliseconds, one after the other. */
  watched: { fromMs: number; toMs: number }[] = [];
  /** What the next write to the log ends with. */
  fate: 'well' | 'killed before' | 'killed after' = 'well';

  source(): Source {
    const of = (incident: bigint) => this.denials.filter((each) => each.incident === incident);
    const updates = (sinceMs: number) => {
      const ids = this.denials.filter(({ storedAt }) => storedAt >= sinceMs);
      return [...new Set(ids.map(({ incident }) => incident))].map((incident) => ({
        incident,
        lastSeen: latest(of(incident)),
        storedAt: Math.max(...of(incident).map(({ storedAt }) => storedAt)),
      }));
    };
    return {
      newest: async () => Math.max(0, ...this.denials.map(({ storedAt }) => storedAt)),
      updates: async function* (sinceMs) {
        yield* updates(sinceMs);
      },
      unlogged: (sinceMs) => {
        const log = this.log;
        return (async function* () {
          for (const each of updates(sinceMs)) {
            const told = log.filter(({ incident }) => incident === each.incident);
            if (told.every(({ lastSeen }) => lastSeen < each.lastSeen)) yield each;
          }
        })();
      },
      facts: async (asked) =>
        new Map(
          asked.map(({ incident, since }) => [incident, factsOf(incident, of(incident), since)]),
        ),
      foldable: async () => new Set(),
      returns: async (asked) =>
        new Map(
          asked.flatMap(({ incident, since }) => {
            const behind = of(incident).filter(({ time }) => time > since);
            if (behind.length === 0) return [];
            const first = earliest(behind);
            const same = of(incident).filter(
              ({ time }) => time <= since && floorDiv(time, HOUR_NS) === floorDiv(first, HOUR_NS),
            );
            return [[incident, { first, drops: same.length, verdicts: same.length }]];
          }),
        ),
      pods: async (asked) =>
        new Map(
          asked.map(({ incident, since }) => {
            const seen = of(incident).filter(({ time }) => time >= floorDiv(since, SLOT) * SLOT);
            const source = [...new Set(seen.map(({ pod }) => pod))].sort().slice(0, 16);
            return [incident, { source, destination: [] }];
          }),
        ),
      watched: async (_, silence) => this.watchedSince(silence),
    };
  }

  private watchedSince({ quiet }: Silence): WatchedSince {
    let left = Number(quiet / 1_000_000n);
    for (const { fromMs, toMs } of this.watched.toReversed()) {
      left -= toMs - fromMs;
      if (left <= 0) return new Map([['east', BigInt(fromMs - left + 1) * 1_000_000n]]);
    }
    return new Map();
  }

  incidentLog(): WritableLog {
    const { log } = this;
    const lastOf = (incident: bigint) => log.findLast((row) => row.incident === incident);
    return {
      last: async () => log.at(-1)?.sequence ?? 0n,
      read: async ({ after, limit }) =>
        log.filter(({ sequence }) => sequence > after).slice(0, limit),
      open: async (after, limit) =>
        [...new Set(log.map(({ incident }) => incident))]
          .flatMap((incident) => lastOf(incident) ?? [])
          .filter(({ incident, kind }) => incident > after && kind !== 'resolved')
          .sort((a, b) => (a.incident < b.incident ? -1 : 1))
          .slice(0, limit),
      lastOf: async (incidents) => incidents.flatMap((incident) => lastOf(incident) ?? []),
      append: async (rows) => {
        const { fate } = this;
        this.fate = 'well';
        if (fate === 'killed before') throw new Killed();
        log.push(...rows);
        log.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
        if (fate === 'killed after') throw new Killed();
      },
    };
  }
}

function latest(denials: readonly Denial[]): bigint {
  return times(denials).at(-1) ?? 0n;
}

function earliest(denials: readonly Denial[]): bigint {
  return times(denials)[0] ?? 0n;
}

function times(denials: readonly Denial[]): bigint[] {
  return denials.map(({ time }) => time).sort((a, b) => (a < b ? -1 : 1));
}

function factsOf(incident: bigint, denials: readonly Denial[], since: bigint): IncidentFacts {
  const count = denials.filter(
    ({ time }) => floorDiv(time, HOUR_NS) >= floorDiv(since, HOUR_NS),
  ).length;
  const end = { cluster: 'east', namespace: 'a', workload: '', peer: 'x' };
  return {
    incident,
    cluster: 'east',
    verdict: 2,
    direction: 1,
    code: 133,
    policies: '',
    protocol: 1,
    port: 80,
    source: end,
    destination: end,
    firstSeen: earliest(denials),
    lastSeen: latest(denials),
    drops: count,
    verdicts: count,
  };
}
