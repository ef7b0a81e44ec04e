// Decides which events to write to the log, from the stored denials and the rules of state.ts.

import { type IncidentFacts, isLeftover } from '../../incident/incident.ts';
import type { IncidentLog } from '../../query/denials/feed/incident-log.ts';
import { isSilent } from '../../query/denials/watched.ts';
import { HOUR_NS, later, MINUTE_MS, MINUTE_NS, msToNs, SECOND_NS } from '../../runtime/time.ts';
import { type IncidentCache, loggedOf, type OpenIncident } from './incident-cache.ts';
import type { Transition } from './row.ts';
import type { Source, Update } from './source.ts';
import { change, ending, joinPods, type Logged, opening, type Rules } from './state.ts';

export interface DecideDeps {
  readonly source: Source;
  readonly log: Pick<IncidentLog, 'lastOf'>;
  readonly cache: IncidentCache;
  readonly rules: Rules;
}

/** Denials are stored later than they happen. */
const LATE_NS = 5n * MINUTE_NS;
/** A drop and its policy verdict may arrive in two batches. */
const YOUNG_NS = 2n * SECOND_NS;
/** How long a folded incident is skipped before it is checked again, milliseconds. */
const FOLDED_MS = MINUTE_MS;
const NO_PODS = { source: [], destination: [] } as const;

/** Events of incidents that are not open. What the log has of them is taken into the cache. */
export async function openings(
  updates: readonly Update[],
  nowMs: number,
  deps: DecideDeps,
): Promise<Transition[]> {
  const { source, cache, rules } = deps;
  const before = await resolvedBefore(updates, deps);
  const fresh = updates.filter(({ incident, lastSeen }) => {
    if (cache.open.has(incident)) return false;
    const previous = before.get(incident);
    return previous === undefined || lastSeen > previous.lastSeen;
  });
  if (fresh.length === 0) return [];
  const returns = await source.returns(
    fresh.flatMap(({ incident }) => {
      const previous = before.get(incident);
      return previous === undefined ? [] : [{ incident, since: previous.lastSeen }];
    }),
  );
  const facts = await source.facts(
    fresh.map(({ incident, lastSeen }) => ({
      incident,
      since: before.has(incident) ? (returns.get(incident)?.first ?? lastSeen) : 0n,
    })),
  );
  const leftovers = await leftoversOf([...facts.values()], nowMs, deps);
  const opened = [...facts.values()].flatMap((each) => {
    const { incident } = each;
    if (leftovers.has(incident)) return [];
    const [previous, back] = [before.get(incident), returns.get(incident)];
    const stored = { ...each, returned: back?.first };
    const open = opening(incident, previous, stored, msToNs(nowMs), rules);
    return open === undefined ? [] : [{ open, facts: each, back, previous }];
  });
  const pods = await source.pods(
    opened
      .filter(({ open }) => !open.silent)
      .map(({ facts: { incident, lastSeen }, open: { openedAt } }) => ({
        incident,
        since: later(openedAt, lastSeen - HOUR_NS),
      })),
  );
  return opened.map(({ open, facts: each, back, previous }) => {
    const same = previous?.episode === open.episode ? previous : undefined;
    return {
      ...open,
      facts: each,
      step: same?.step ?? 0,
      dropsBefore: same?.dropsBefore ?? back?.drops ?? 0,
      verdictsBefore: same?.verdictsBefore ?? back?.verdicts ?? 0,
      pods: pods.get(each.incident) ?? NO_PODS,
      state: open.kind === 'resolved' ? 'resolved' : 'open',
    };
  });
}

/** Incidents without an event of their own: part of another one, or too young to know. */
async function leftoversOf(
  facts: readonly IncidentFacts[],
  nowMs: number,
  { source, cache }: DecideDeps,
): Promise<ReadonlySet<bigint>> {
  const all = facts.filter((each) => isLeftover({ ...each, namesPolicy: each.policies !== '' }));
  if (all.length === 0) return new Set();
  const folded = await source.foldable(all);
  for (const incident of folded) cache.fold(incident, nowMs + FOLDED_MS);
  const young = all.filter(({ firstSeen }) => msToNs(nowMs) - firstSeen < YOUNG_NS);
  return new Set([...folded, ...young.map(({ incident }) => incident)]);
}

/** The last rows of those that were resolved, from memory or from the log. */
async function resolvedBefore(
  updates: readonly Update[],
  { log, cache }: DecideDeps,
): Promise<Map<bigint, Logged>> {
  const before = new Map<bigint, Logged>();
  const missing: bigint[] = [];
  for (const { incident } of updates) {
    const resolved = cache.resolvedOf(incident);
    if (resolved === undefined) missing.push(incident);
    else before.set(incident, resolved);
  }
  if (missing.length === 0) return before;
  for (const row of await log.lastOf(missing)) {
    cache.take(row);
    if (row.kind === 'resolved') before.set(row.incident, loggedOf(row));
  }
  return before;
}

/** Changes of open incidents that were updated since they were last counted. */
export async function changes(nowMs: number, deps: DecideDeps): Promise<Transition[]> {
  const { source, cache, rules } = deps;
  const due = [...cache.open.values()].filter(
    ({ updated, countedAt }) => updated && nowMs - countedAt >= rules.changeInterval,
  );
  if (due.length === 0) return [];
  const facts = await source.facts(due.map(sinceOpened));
  const pods = await source.pods(
    due.map(({ logged: { incident }, countedAt }) => ({
      incident,
      since: msToNs(countedAt) - LATE_NS,
    })),
  );
  return due.flatMap((open): Transition[] => {
    const { logged } = open;
    const now = facts.get(logged.incident);
    if (now === undefined) return [];
    const counted = {
      drops: now.drops - logged.dropsBefore,
      verdicts: now.verdicts - logged.verdictsBefore,
      pods: pods.get(logged.incident) ?? NO_PODS,
    };
    const grown = change(logged, counted, nowMs, rules);
    if (grown !== undefined)
      return [
        {
          ...continued(open, now),
          kind: 'changed',
          step: logged.step + 1,
          pods: joinPods(logged.pods, counted.pods),
          change: grown,
          state: 'open',
        },
      ];
    open.countedAt = nowMs;
    open.updated = false;
    return [];
  });
}

export interface Endings {
  readonly transitions: readonly Transition[];
  /** Silent incidents whose clusters were not collected for long enough. */
  readonly stale: number;
}

/** Ends of open incidents that are silent. */
export async function endings(nowMs: number, deps: DecideDeps): Promise<Endings> {
  const { source, cache, rules } = deps;
  const now = msToNs(nowMs);
  const { quiet } = rules;
  const silent = [...cache.open.values()].filter(({ lastSeen }) => now - lastSeen > quiet);
  if (silent.length === 0) return { transitions: [], stale: 0 };
  const clusters = [...new Set(silent.map(({ cluster }) => cluster))];
  // Far enough back for a cluster that is collected half of the time only.
  const since = now - 4n * quiet - HOUR_NS;
  const watched = await source.watched(clusters, { now, quiet, since });
  const ended = silent.flatMap((open) => {
    const state = ending(open.lastSeen, isSilent(watched, open), now, rules);
    return state === undefined ? [] : [{ open, state }];
  });
  const facts = await source.facts(ended.map(({ open }) => sinceOpened(open)));
  const transitions = ended.flatMap(({ open, state }): Transition[] => {
    const { step, pods, incident } = open.logged;
    const known = facts.get(incident);
    if (known === undefined) return [];
    if (known.lastSeen <= open.lastSeen)
      return [{ ...continued(open, known), kind: 'resolved', step, pods, state }];
    // Denials were stored since the last evaluation: it is not over.
    open.lastSeen = known.lastSeen;
    open.updated = true;
    return [];
  });
  return { transitions, stale: silent.length - ended.length };
}

function continued({ logged }: OpenIncident, facts: IncidentFacts) {
  const { episode, known, openedAt, dropsBefore, verdictsBefore } = logged;
  return { facts, episode, silent: false, known, openedAt, dropsBefore, verdictsBefore };
}

function sinceOpened({ logged }: OpenIncident) {
  return { incident: logged.incident, since: logged.openedAt };
}
