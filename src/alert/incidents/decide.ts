// What is to be written to the log now: asks the tables about the incidents in question, and the rules of state.ts.

import { type IncidentFacts, isLeftover } from '../../incident/incident.ts';
import {
  HOUR_MS,
  HOUR_NS,
  later,
  MINUTE_MS,
  msToNs,
  nsToMs,
  SECOND_NS,
} from '../../runtime/time.ts';
import { type Book, loggedOf, type Open } from './incident-cache.ts';
import type { IncidentLog } from './log.ts';
import type { Transition } from './row.ts';
import type { Source, Touched } from './source.ts';
import { change, ending, joinPods, type Logged, opening, type Rules } from './state.ts';

export interface DecideDeps {
  readonly source: Source;
  readonly log: Pick<IncidentLog, 'lastOf'>;
  readonly book: Book;
  readonly rules: Rules;
}

/** Denials come later than they happen. */
const LATE_MS = 300_000;
/** A drop and its policy verdict may come in two batches. */
const YOUNG_NS = 2n * SECOND_NS;
/** What is of another incident is looked at again after this. */
const FOLDED_MS = MINUTE_MS;
const NONE = { source: [], destination: [] } as const;

/** Of incidents that are not open here; those that the log has open already are taken into the book. */
export async function openings(
  found: readonly Touched[],
  nowMs: number,
  deps: DecideDeps,
): Promise<Transition[]> {
  const { source, book, rules } = deps;
  const now = msToNs(nowMs);
  const before = await endedBefore(found, deps);
  const fresh = found.filter(({ incident, lastSeen }) => {
    if (book.open.has(incident)) return false;
    const previous = before.get(incident);
    return previous === undefined || lastSeen > previous.lastSeen;
  });
  if (fresh.length === 0) return [];
  const back = fresh.flatMap(({ incident }) => {
    const previous = before.get(incident);
    return previous === undefined ? [] : [{ incident, since: previous.lastSeen }];
  });
  const again = await source.again(back);
  const facts = await source.facts(
    fresh.map(({ incident, lastSeen }) => ({
      incident,
      since: before.has(incident) ? (again.get(incident)?.first ?? lastSeen) : 0n,
    })),
  );
  const leftovers = await leftoversOf([...facts.values()], nowMs, deps);
  const opened = [...facts.values()].flatMap((each) => {
    if (leftovers.has(each.incident)) return [];
    const previous = before.get(each.incident);
    const back = again.get(each.incident);
    const open = opening(each.incident, previous, { ...each, again: back?.first }, now, rules);
    return open === undefined ? [] : [{ ...open, facts: each, back, previous }];
  });
  const pods = await source.pods(
    opened
      .filter(({ silent }) => !silent)
      .map(({ facts: { incident, lastSeen }, openedAt }) => ({
        incident,
        since: later(openedAt, lastSeen - HOUR_NS),
      })),
  );
  return opened.map(({ facts: each, back, previous, ...open }) => {
    const same = previous?.episode === open.episode ? previous : undefined;
    return {
      ...open,
      facts: each,
      step: same?.step ?? 0,
      dropsBefore: same?.dropsBefore ?? back?.drops ?? 0,
      verdictsBefore: same?.verdictsBefore ?? back?.verdicts ?? 0,
      pods: pods.get(each.incident) ?? NONE,
      state: open.kind === 'resolved' ? 'resolved' : 'open',
    };
  });
}

/** Those that are of another incident, or may turn out to be: they are not told of. */
async function leftoversOf(
  facts: readonly IncidentFacts[],
  nowMs: number,
  { source, book }: DecideDeps,
): Promise<ReadonlySet<bigint>> {
  const all = facts.filter((each) => isLeftover({ ...each, namesPolicy: each.policies !== '' }));
  if (all.length === 0) return new Set();
  const named = await source.named(all);
  for (const incident of named) book.fold(incident, nowMs + FOLDED_MS);
  const young = all.filter(({ firstSeen }) => msToNs(nowMs) - firstSeen < YOUNG_NS);
  return new Set([...named, ...young.map(({ incident }) => incident)]);
}

/** What the log has of those that are over, from memory where it is there. */
async function endedBefore(
  found: readonly Touched[],
  { log, book }: DecideDeps,
): Promise<Map<bigint, Logged>> {
  const before = new Map<bigint, Logged>();
  const asked: bigint[] = [];
  for (const { incident } of found) {
    const ended = book.ended(incident);
    if (ended === undefined) asked.push(incident);
    else before.set(incident, ended);
  }
  if (asked.length === 0) return before;
  for (const row of await log.lastOf(asked)) {
    book.take(row);
    if (row.kind === 'resolved') before.set(row.incident, loggedOf(row));
  }
  return before;
}

/** Of open incidents of which more was stored since they were counted last. */
export async function changes(nowMs: number, deps: DecideDeps): Promise<Transition[]> {
  const { source, book, rules } = deps;
  const due = [...book.open.values()].filter(
    ({ touched, countedAt }) => touched && nowMs - countedAt >= rules.changeInterval,
  );
  if (due.length === 0) return [];
  const facts = await source.facts(due.map(sinceOpened));
  const pods = await source.pods(
    due.map(({ logged: { incident }, countedAt }) => ({
      incident,
      since: msToNs(countedAt - LATE_MS),
    })),
  );
  const changed: Transition[] = [];
  for (const open of due) {
    const { logged } = open;
    const now = facts.get(logged.incident);
    if (now === undefined) continue;
    const counted = {
      drops: now.drops - logged.dropsBefore,
      verdicts: now.verdicts - logged.verdictsBefore,
      pods: pods.get(logged.incident) ?? NONE,
    };
    const grown = change(logged, counted, nowMs, rules);
    if (grown === undefined) {
      open.countedAt = nowMs;
      open.touched = false;
    } else {
      const joined = joinPods(logged.pods, counted.pods);
      changed.push({
        ...carriedOn(open, now),
        kind: 'changed',
        step: logged.step + 1,
        pods: joined,
        change: grown,
        state: 'open',
      });
    }
  }
  return changed;
}

export interface Endings {
  readonly transitions: readonly Transition[];
  /** Quiet, and not watched for long enough. */
  readonly stale: number;
}

/** Of open incidents that are quiet, as far as their clusters were collected meanwhile. */
export async function endings(nowMs: number, deps: DecideDeps): Promise<Endings> {
  const { source, book, rules } = deps;
  const now = msToNs(nowMs);
  const quiet = [...book.open.values()].filter(({ lastSeen }) => now - lastSeen > rules.quiet);
  if (quiet.length === 0) return { transitions: [], stale: 0 };
  const clusters = [...new Set(quiet.map(({ cluster }) => cluster))];
  // Far enough back for a cluster that is collected half of the time only.
  const sinceMs = nowMs - nsToMs(rules.quiet) * 4 - HOUR_MS;
  const watched = await source.watched(clusters, sinceMs);
  const ended = quiet.flatMap((open) => {
    const seen = watched.since(open.cluster, open.lastSeen);
    const how = ending(open.lastSeen, seen, now, rules);
    return how === 'resolved' || how === 'given-up' ? [{ open, how }] : [];
  });
  const facts = await source.facts(ended.map(({ open }) => sinceOpened(open)));
  const transitions: Transition[] = [];
  for (const { open, how } of ended) {
    const known = facts.get(open.logged.incident);
    if (known === undefined) continue;
    if (known.lastSeen > open.lastSeen) {
      // Stored since the last look: it is not over.
      open.lastSeen = known.lastSeen;
      open.touched = true;
      continue;
    }
    transitions.push({
      ...carriedOn(open, known),
      kind: 'resolved',
      step: open.logged.step,
      pods: open.logged.pods,
      state: how === 'resolved' ? 'resolved' : 'stale',
    });
  }
  return { transitions, stale: quiet.length - ended.length };
}

function carriedOn({ logged }: Open, facts: IncidentFacts) {
  const { episode, known, openedAt, dropsBefore, verdictsBefore } = logged;
  return { facts, episode, silent: false, known, openedAt, dropsBefore, verdictsBefore };
}

function sinceOpened({ logged }: Open) {
  return { incident: logged.incident, since: logged.openedAt };
}
