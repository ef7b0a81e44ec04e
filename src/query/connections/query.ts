// The connections of a window, read in steps from its newest (or oldest) end, so that memory holds little more than the
// answer.
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { earlier, HOUR_NS, later, msToNs, SECOND_NS } from '../../runtime/time.ts';
import { bigint, firstRow } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, slotBounds, type TimeRange } from '../read/range.ts';
import { boundarySlot } from '../read/slots.ts';
import { compileSql } from '../sql/compile.ts';
import type { ConnectionsConfig } from './config.ts';
import {
  type Connection,
  type ConnectionCandidate,
  candidateOf,
  observationId,
} from './connection.ts';
import { collectedIn, withMissing } from './missing.ts';
import { type Found, findConversations, readConversations, type Window } from './read.ts';
import { byTime } from './segment.ts';
import { type StitchLimits, stitch } from './stitch.ts';

export interface ConnectionQuery extends TimeRange {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
  /** How many; 0 is as many as there may be. */
  readonly number: bigint;
  /** Those that were active first instead of last. */
  readonly first: boolean;
}

/** Width of the first step, how it grows while little is found, and where that ends. */
const FIRST_STEP = SECOND_NS;
const GROWTH = 8n;
const LARGEST_STEP = 24n * HOUR_NS;
/** Conversations read at a time: each time reads the index of the range around them. */
const LEAST_CHUNK = 50;
const CHUNK = 5000;

export function stitchLimits(config: ConnectionsConfig): StitchLimits {
  return { tcpIdleMs: config.tcpIdle, otherIdleMs: config.otherIdle, skewMs: config.skew };
}

/**
 * Connections with at least one flow in the window that passes the filters, each with everything known of it; ordered by
 * when they began. Throws `store/limit` for more than may be held.
 */
export async function queryConnections(
  store: Reader,
  query: ConnectionQuery,
  config: ConnectionsConfig,
  signal?: AbortSignal,
): Promise<Connection[]> {
  const candidates = await new TimeScan(store, query, config, signal).all();
  const collected = await collectedIn(store, candidates, signal);
  return candidates
    .sort((a, b) => byTime(a.first, b.first))
    .map((candidate) => withMissing(candidate, collected));
}

class TimeScan {
  private readonly store: Reader;
  private readonly query: ConnectionQuery;
  private readonly config: ConnectionsConfig;
  private readonly signal: AbortSignal | undefined;
  private readonly filter;
  private readonly wanted: number;
  private readonly candidates: ConnectionCandidate[] = [];
  /** Flows by which a connection that spans several steps is recognized. */
  private readonly seen = new Set<string>();
  private flows = 0;

  constructor(
    store: Reader,
    query: ConnectionQuery,
    config: ConnectionsConfig,
    signal: AbortSignal | undefined,
  ) {
    this.store = store;
    this.query = query;
    this.config = config;
    this.signal = signal;
    this.filter = compileSql(query.whitelist, query.blacklist);
    const most = BigInt(config.maxConnections);
    this.wanted =
      query.number === 0n || query.number > most ? config.maxConnections + 1 : Number(query.number);
  }

  async all(): Promise<ConnectionCandidate[]> {
    const ends = await this.ends();
    if (ends === undefined) return [];
    const { first: oldestFirst } = this.query;
    let width = FIRST_STEP;
    let { first, last } = ends;
    let chunk = Math.min(CHUNK, Math.max(LEAST_CHUNK, this.wanted));
    while (first <= last && this.candidates.length < this.wanted) {
      const window = oldestFirst
        ? { first, last: earlier(last, first + width - 1n) }
        : { first: later(first, last - width + 1n), last };
      const found = await findConversations(this.store, {
        window,
        filter: this.filter,
        newestFirst: !oldestFirst,
        limit: chunk,
        signal: this.signal,
      });
      const full = found.length === chunk;
      const place = found.at(-1)?.time ?? 0n;
      const step = !full
        ? window
        : oldestFirst
          ? { first: window.first, last: place }
          : { first: place, last: window.last };
      await this.take(found, step);
      // Of several at the very moment where a full step ends, some may be left: they are asked for again.
      const stuck = full && step.first === step.last;
      chunk = stuck ? chunk * 2 : chunk;
      if (oldestFirst) first = full ? step.last : step.last + 1n;
      else last = full ? step.first : step.first - 1n;
      if (found.length * 4 < chunk) width = earlier(width * GROWTH, LARGEST_STEP);
      if (found.length === 0) {
        const next = await this.ends({ since: first, until: last });
        if (next === undefined) break;
        if (oldestFirst) first = later(first, next.first);
        else last = earlier(last, next.last);
      }
    }
    if (this.candidates.length > this.config.maxConnections) throw this.tooMany();
    return this.candidates;
  }

  /** Stitches what was found and keeps those whose place is in this step. */
  private async take(found: readonly Found[], step: Window): Promise<void> {
    if (found.length === 0) return;
    const { tcpIdle, maxFlows } = this.config;
    const around = msToNs(tcpIdle);
    const seen = await readConversations(this.store, found, {
      range: { since: step.first - around, until: step.last + around },
      filter: this.filter,
      asked: this.query,
      maxFlows: maxFlows - this.flows,
      signal: this.signal,
    });
    this.flows += seen.length;
    const { first: oldestFirst } = this.query;
    const placed: { readonly candidate: ConnectionCandidate; readonly place: bigint }[] = [];
    for (const stitched of stitch(seen, stitchLimits(this.config))) {
      const candidate = candidateOf(stitched);
      const place = oldestFirst ? candidate.firstHit : candidate.lastHit;
      if (place === undefined || place < step.first || place > step.last) continue;
      if (stitched.seen.some((each) => this.seen.has(observationId(each)))) continue;
      placed.push({ candidate, place });
    }
    placed.sort((a, b) => byTime(a.place, b.place) * (oldestFirst ? 1 : -1));
    for (const { candidate } of placed) {
      if (this.candidates.length >= this.wanted) return;
      this.candidates.push(candidate);
      this.seen.add(oldestFirst ? candidate.lastId : candidate.firstId);
    }
  }

  private async ends(range: TimeRange = this.query): Promise<Window | undefined> {
    const oldest = await boundarySlot(this.store, range, 'oldest', this.signal);
    const newest = await boundarySlot(this.store, range, 'newest', this.signal);
    if (oldest === undefined || newest === undefined) return undefined;
    const first = await this.edge(range, oldest, 'min');
    const last = await this.edge(range, newest, 'max');
    return { first, last };
  }

  private async edge(range: TimeRange, slot: bigint, edge: 'min' | 'max'): Promise<bigint> {
    const bounds = slotBounds(slot);
    const within = inRange('flows', {
      since: range.since === undefined ? bounds.first : later(range.since, bounds.first),
      until: range.until === undefined ? bounds.last : earlier(range.until, bounds.last),
    });
    const of = edge === 'min' ? sql`min` : sql`max`;
    const statement = sql`SELECT toUnixTimestamp64Nano(${of}(time)) FROM ${table('flows')} WHERE ${within}`;
    const { signal } = this;
    const row = await firstRow(this.store, statement, { time: bigint }, { signal });
    return row?.time ?? (edge === 'min' ? bounds.first : bounds.last);
  }

  private tooMany(): ParallaxError {
    return new ParallaxError(
      'store/limit',
      `there are more than ${this.config.maxConnections} connections; narrow them by time or filters, ask for fewer, or raise api.connections.maxConnections`,
    );
  }
}
