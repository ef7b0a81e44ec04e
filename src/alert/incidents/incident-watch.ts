// Evaluates stored denials and writes incident events to the log. The log is the only state: a new IncidentWatch goes on
// where any other one stopped, with the same keys.

import { chunks } from '../../query/denials/facts.ts';
import type { IncidentLog, IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import { HOUR_MS, msToNs } from '../../runtime/time.ts';
import type { AlertConfig } from '../config.ts';
import { changes, type DecideDeps, endings, openings } from './decide.ts';
import { IncidentCache } from './incident-cache.ts';
import { rowOf, type Transition } from './row.ts';
import type { Source, Update } from './source.ts';

/** The log with its only writer. */
export interface WritableLog extends Pick<IncidentLog, 'last' | 'read' | 'open' | 'lastOf'> {
  /** All of the rows or none. */
  append(rows: readonly IncidentLogRow[]): Promise<void>;
}

export interface IncidentWatchDeps {
  readonly config: Omit<AlertConfig, 'interval' | 'webhooks'>;
  readonly source: Source;
  readonly log: WritableLog;
  /** Random id of this evaluator. */
  readonly evaluator: string;
  /** Called with the rows this watch wrote. */
  readonly appended: (rows: readonly IncidentLogRow[]) => void;
}

const PAGE = 5000;
/** Updates in one decision. */
const CHUNK = 1000;
/** Longest time between two checks for the end of silent incidents. */
const ENDINGS_MS = 5000;

export class IncidentWatch {
  /** Silent incidents that cannot be resolved, because their clusters were not collected. */
  stale = 0;
  /** Incidents found that exceed `maxOpen`. */
  waiting = 0;
  private readonly deps: IncidentWatchDeps;
  private readonly cache = new IncidentCache();
  private readonly decide: DecideDeps;
  private restored = false;
  private sequence = 0n;
  /** Newest time of storing that was seen. */
  private storedAt = 0;
  private sweptAt = 0;
  private endedAt = 0;

  constructor(deps: IncidentWatchDeps) {
    this.deps = deps;
    const { source, log, config } = deps;
    const { quiet, giveUp, maxAge, changeInterval, growth } = config;
    const times = { quiet: msToNs(quiet), giveUp: msToNs(giveUp), maxAge: msToNs(maxAge) };
    const rules = { ...times, changeInterval, growth };
    this.decide = { source, log, cache: this.cache, rules };
  }

  get open(): number {
    return this.cache.open.size;
  }

  /** Throws what the store throws; the next evaluation makes up for it. */
  async evaluate(nowMs: number): Promise<void> {
    const { config, source } = this.deps;
    if (!this.restored) await this.restore(nowMs);
    else if (nowMs - this.sweptAt >= config.sweepInterval) await this.sweep(nowMs);
    else {
      const found: Update[] = [];
      let { storedAt } = this;
      for await (const each of source.updates(storedAt - config.overlap)) {
        storedAt = Math.min(nowMs, Math.max(storedAt, each.storedAt));
        if (this.mayOpen(each, nowMs)) found.push(each);
      }
      await this.begin(found, nowMs);
      this.storedAt = storedAt;
    }
    await this.append(await changes(nowMs, this.decide), nowMs);
    if (nowMs - this.endedAt < Math.min(ENDINGS_MS, config.quiet / 2)) return;
    this.endedAt = nowMs;
    const { transitions, stale } = await endings(nowMs, this.decide);
    this.stale = stale;
    await this.append(transitions, nowMs);
  }

  /** Reads the open incidents of the log, then all stored denials that are not in it. */
  private async restore(nowMs: number): Promise<void> {
    const { log, source, config } = this.deps;
    this.sequence = await log.last();
    this.storedAt = Math.min(nowMs, await source.newest());
    for (let after = 0n; this.open < config.maxOpen; ) {
      const rows = await log.open(after, Math.min(PAGE, config.maxOpen - this.open));
      for (const row of rows) this.cache.take(row);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.incident;
    }
    await this.sweep(nowMs, 0);
    this.restored = true;
  }

  /** Finds denials that were stored too late for an evaluation, and incidents that exceeded `maxOpen` before. */
  private async sweep(nowMs: number, sinceMs = this.sweptAt - HOUR_MS): Promise<void> {
    const from = this.waiting > 0 ? 0 : sinceMs;
    this.waiting = 0;
    let found: Update[] = [];
    for await (const each of this.deps.source.unlogged(from)) {
      if (this.mayOpen(each, nowMs)) found.push(each);
      if (found.length < CHUNK) continue;
      await this.begin(found, nowMs);
      found = [];
    }
    await this.begin(found, nowMs);
    this.sweptAt = nowMs;
  }

  /** Notes an update of an open incident; true when it may open one. */
  private mayOpen({ incident, lastSeen }: Update, nowMs: number): boolean {
    const open = this.cache.open.get(incident);
    if (open === undefined) {
      if (this.cache.isFolded(incident, nowMs)) return false;
      const resolved = this.cache.resolvedOf(incident);
      return resolved === undefined || lastSeen > resolved.lastSeen;
    }
    if (lastSeen > open.lastSeen) {
      open.lastSeen = lastSeen;
      open.updated = true;
    }
    return false;
  }

  private async begin(found: readonly Update[], nowMs: number): Promise<void> {
    for (const part of chunks(found, CHUNK)) {
      const all = await openings(part, nowMs, this.decide);
      const room = Math.max(0, this.deps.config.maxOpen - this.open);
      const resolved = all.filter(({ kind }) => kind === 'resolved');
      const opened = all.filter(({ kind }) => kind !== 'resolved');
      this.waiting = Math.max(this.waiting, opened.length - room);
      await this.append([...resolved, ...opened.slice(0, room)], nowMs);
    }
  }

  /** Writes to the log. Events of incidents that another evaluator wrote about meanwhile are dropped. */
  private async append(transitions: readonly Transition[], nowMs: number): Promise<void> {
    if (transitions.length === 0) return;
    const foreign = await this.catchUp();
    const own = transitions.filter(({ facts }) => !foreign.has(facts.incident));
    const { evaluator, log, appended } = this.deps;
    for (const part of chunks(own, CHUNK)) {
      // Microseconds: a log whose rows have all expired does not start with small numbers again.
      const clocked = BigInt(nowMs) * 1000n;
      const first = clocked > this.sequence ? clocked : this.sequence + 1n;
      const rows = part.map((transition, index) =>
        rowOf(transition, { sequence: first + BigInt(index), nowMs, evaluator }),
      );
      await log.append(rows);
      for (const row of rows) this.take(row);
      appended(rows);
    }
  }

  /** Takes new rows of the log: those of other evaluators, and own ones whose insert seemed to fail. Returns their incidents. */
  private async catchUp(): Promise<ReadonlySet<bigint>> {
    const incidents = new Set<bigint>();
    for (;;) {
      const range = { after: this.sequence, limit: PAGE, silent: true };
      const rows = await this.deps.log.read(range);
      for (const row of rows) {
        this.take(row);
        incidents.add(row.incident);
      }
      if (rows.length < PAGE) return incidents;
    }
  }

  private take(row: IncidentLogRow): void {
    this.cache.take(row);
    this.sequence = row.sequence;
  }
}
