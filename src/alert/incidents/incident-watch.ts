// One look after the other at what is stored of incidents; what happened to them goes to the log. The log is the state:
// a watch that is thrown away at any moment is replaced by a new one that goes on from there, with the same keys.

import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import { HOUR_MS, msToNs } from '../../runtime/time.ts';
import type { AlertConfig } from '../config.ts';
import { changes, type DecideDeps, endings, openings } from './decide.ts';
import { Book } from './incident-cache.ts';
import type { IncidentLog } from './log.ts';
import { rowOf, type Transition } from './row.ts';
import { CHUNK, chunks, type Source, type Touched } from './source.ts';

export interface IncidentWatchDeps {
  readonly config: Omit<AlertConfig, 'interval' | 'webhooks'>;
  readonly source: Source;
  readonly log: IncidentLog;
  /** Random id of this life of the process. */
  readonly evaluator: string;
  /** Called with what this watch wrote. */
  readonly appended: (rows: readonly IncidentLogRow[]) => void;
}

const PAGE = 5000;
/** How often it is asked whether what is quiet is over, at most. */
const ENDINGS_MS = 5000;

export class IncidentWatch {
  /** Quiet ones of which nobody can say that they are over. */
  stale = 0;
  /** Found, and without room. */
  waiting = 0;
  private readonly deps: IncidentWatchDeps;
  private readonly book = new Book();
  private readonly decide: DecideDeps;
  private restored = false;
  private sequence = 0n;
  /** Newest moment of storing that was seen. */
  private mark = 0;
  private sweptAt = 0;
  private endedAt = 0;

  constructor(deps: IncidentWatchDeps) {
    this.deps = deps;
    const { quiet, giveUp, maxAge, changeInterval, growth } = deps.config;

    this.decide = {
      source: deps.source,
      log: deps.log,
      book: this.book,
      rules: {
        quiet: msToNs(quiet),
        giveUp: msToNs(giveUp),
        maxAge: msToNs(maxAge),
        changeInterval,
        growth,
      },
    };
  }

  get open(): number {
    return this.book.open.size;
  }

  /** Throws what the store throws; the next look makes up for it. */
  async look(nowMs: number): Promise<void> {
    const { config, source } = this.deps;
    if (!this.restored) await this.restore(nowMs);
    else if (nowMs - this.sweptAt >= config.sweepInterval) await this.sweep(nowMs);
    else {
      const found: Touched[] = [];
      let { mark } = this;
      for await (const each of source.touched(mark - config.overlap)) {
        mark = Math.min(nowMs, Math.max(mark, each.storedAt));
        if (this.isNews(each, nowMs)) found.push(each);
      }
      await this.begin(found, nowMs);
      this.mark = mark;
    }
    await this.append(await changes(nowMs, this.decide), nowMs);
    if (nowMs - this.endedAt < Math.min(ENDINGS_MS, config.quiet / 2)) return;
    this.endedAt = nowMs;
    const { transitions, stale } = await endings(nowMs, this.decide);
    this.stale = stale;
    await this.append(transitions, nowMs);
  }

  /** Takes the log as it stands, then everything that is stored and not in it. */
  private async restore(nowMs: number): Promise<void> {
    const { log, source, config } = this.deps;
    this.sequence = await log.last();
    this.mark = Math.min(nowMs, await source.newest());
    for (let after = 0n; this.open < config.maxOpen; ) {
      const rows = await log.open(after, Math.min(PAGE, config.maxOpen - this.open));
      for (const row of rows) this.book.take(row);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.incident;
    }
    await this.sweep(nowMs, 0);
    this.restored = true;
  }

  /** Finds what was stored too late to be seen by a look, and what there was no room for. */
  private async sweep(nowMs: number, sinceMs = this.sweptAt - HOUR_MS): Promise<void> {
    const from = this.waiting > 0 ? 0 : sinceMs;
    this.waiting = 0;
    let found: Touched[] = [];
    for await (const each of this.deps.source.behind(from)) {
      if (this.isNews(each, nowMs)) found.push(each);
      if (found.length < CHUNK) continue;
      await this.begin(found, nowMs);
      found = [];
    }
    await this.begin(found, nowMs);
    this.sweptAt = nowMs;
  }

  /** Notes what was stored of an open incident; true when it may be one that is not open. */
  private isNews({ incident, lastSeen }: Touched, nowMs: number): boolean {
    const open = this.book.open.get(incident);
    if (open === undefined) {
      if (this.book.isFolded(incident, nowMs)) return false;
      const ended = this.book.ended(incident);
      return ended === undefined || lastSeen > ended.lastSeen;
    }
    if (lastSeen > open.lastSeen) {
      open.lastSeen = lastSeen;
      open.touched = true;
    }
    return false;
  }

  private async begin(found: readonly Touched[], nowMs: number): Promise<void> {
    for (const part of chunks(found)) {
      const all = await openings(part, nowMs, this.decide);
      const room = Math.max(0, this.deps.config.maxOpen - this.open);
      const silent = all.filter(({ kind }) => kind === 'resolved');
      const loud = all.filter(({ kind }) => kind !== 'resolved');
      this.waiting = Math.max(this.waiting, loud.length - room);
      await this.append([...silent, ...loud.slice(0, room)], nowMs);
    }
  }

  /** Writes to the log, unless another evaluator was there first: then what it wrote is taken instead. */
  private async append(transitions: readonly Transition[], nowMs: number): Promise<void> {
    if (transitions.length === 0) return;
    const foreign = await this.catchUp();
    const own = transitions.filter(({ facts }) => !foreign.has(facts.incident));
    const { evaluator, log, appended } = this.deps;
    for (const part of chunks(own)) {
      // Microseconds, so that a log whose rows have all expired does not begin with small numbers again.
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

  /** Takes rows that others wrote, or that we did without hearing of it; the incidents they are of. */
  private async catchUp(): Promise<ReadonlySet<bigint>> {
    const incidents = new Set<bigint>();
    for (;;) {
      const rows = await this.deps.log.behind(this.sequence, PAGE);
      for (const row of rows) {
        this.take(row);
        incidents.add(row.incident);
      }
      if (rows.length < PAGE) return incidents;
    }
  }

  private take(row: IncidentLogRow): void {
    this.book.take(row);
    this.sequence = row.sequence;
  }
}
