// The coverage ledger of one collector: what arrived of which node and minute, what was lost where, and where
// each stream stands in the node's own count, written out every few seconds. Docs: decisions/0010.

import { type CoverageFact, encodeFact } from '../../hubble/coverage.ts';
import type { Node } from '../../hubble/proto/schema.gen.ts';
import { MINUTE_MS } from '../../runtime/time.ts';
import type { NodeRecord } from '../batch/nodes.ts';
import type { ResponseTracker } from '../batch/tracker.ts';
import { clusterOfNode, plainNode } from './mesh.ts';
import type { RelayView } from './relay-view.ts';

export interface LedgerOptions {
  readonly tracker: ResponseTracker;
  readonly view: Pick<RelayView, 'isDark' | 'listed'>;
  readonly everyMs: number;
  /** Takes the facts of one report; everything received before it is published before it. */
  readonly emit: (facts: readonly Buffer[]) => void;
  /** Flows of another cluster's nodes that were dropped. */
  readonly foreign: (cluster: string, count: number) => void;
}

export type StreamState = 'up' | 'paused' | 'down';

/** After an answer about its nodes, so long until what they had seen by then has arrived. */
const ARRIVAL_MS = 1_000;
/** A node whose newest flow is older than its clock and this explain is not read up to date. */
const BEHIND_NS = 5e9;
/** A node without responses for this long, and not listed by the relay, is reported no more. */
const FORGET_NS = 600e9;
/** Nodes of other clusters listed in a report; the rest are one. */
const MAX_FOREIGN = 100;

interface Answer {
  readonly node: NodeRecord;
  readonly seen: number;
  /** Flows of the stream that had arrived before it was asked. */
  readonly before: number;
}

interface Polled {
  readonly atMs: number;
  answers: Answer[];
}

export class CoverageLedger {
  private readonly options: LedgerOptions;
  private stream = 0;
  private state: StreamState = 'down';
  private readonly time = { up: 0, paused: 0, down: 0 };
  private sinceMs: number;
  private windowMs: number;
  private polled: Polled | undefined;
  private lost = { oversize: 0, tooLarge: 0 };
  private openedMs = 0;

  constructor(options: LedgerOptions, nowMs: number) {
    this.options = options;
    this.sinceMs = this.windowMs = nowMs;
  }

  /** A stream begins. */
  opened(nowMs: number): void {
    this.turn('up', nowMs);
    this.stream++;
    this.openedMs = nowMs;
    for (const { tally } of this.options.tracker.nodes.values()) tally.restart(this.stream, nowMs);
    // The first report of a collector run precedes its first flow: the writer knows the run by then.
    this.cut(nowMs, false);
  }

  closed(nowMs: number): void {
    this.placePolled(nowMs);
    this.cut(nowMs, true);
    this.turn('down', nowMs);
  }

  /** The collector stops; a stream that was open has been closed before. */
  end(nowMs: number): void {
    if (nowMs - this.windowMs >= ARRIVAL_MS) this.cut(nowMs, true);
  }

  turn(state: StreamState, nowMs: number): void {
    this.account(nowMs);
    this.state = state;
  }

  /** Something was dropped for good; `node` is empty when it is not known. */
  dropped(reason: 'oversize' | 'too-large', node: string): void {
    const field = reason === 'oversize' ? 'oversize' : 'tooLarge';
    for (const each of this.options.tracker.nodes.values()) {
      if (each.name !== node) continue;
      each.tally[field]++;
      // It was one of the flows the node counts.
      if (field === 'oversize') each.tally.position++;
      return;
    }
    this.lost[field]++;
  }

  /** What has arrived of each node; call it before asking the relay for its nodes. */
  positions(): ReadonlyMap<string, number> {
    const positions = new Map<string, number>();
    for (const { name, own, tally } of this.options.tracker.nodes.values())
      if (own) positions.set(plainNode(name), tally.position);
    return positions;
  }

  /** The relay's answer, of `nowMs`, to a question asked when `before` had arrived. */
  answered(nodes: readonly Node[], before: ReadonlyMap<string, number>, nowMs: number): void {
    this.placePolled(nowMs);
    const records = new Map<string, NodeRecord>();
    for (const each of this.options.tracker.nodes.values())
      if (each.own) records.set(plainNode(each.name), each);
    const answers: Answer[] = [];
    const broken: { node: NodeRecord; bootMs: number; seen: number }[] = [];
    for (const each of nodes) {
      const name = plainNode(each.name ?? '');
      const node = records.get(name);
      const had = before.get(name);
      if (node === undefined || had === undefined || each.seen_flows === undefined) continue;
      const seen = Number(each.seen_flows);
      const bootMs = nowMs - Number(each.uptime_ns ?? 0n) / 1e6;
      if (node.tally.place(bootMs, seen, had, nowMs)) answers.push({ node, seen, before: had });
      else broken.push({ node, bootMs, seen });
    }
    this.polled = { atMs: nowMs, answers };
    if (broken.length === 0) return;
    for (const { node } of broken) node.tally.position = node.tally.certain;
    this.cut(nowMs, true);
    this.stream++;
    for (const { node, bootMs, seen } of broken) node.tally.again(bootMs, seen, this.stream, nowMs);
  }

  /** More has arrived. A flow made after the answer proves that all flows seen by then have arrived. */
  arrived(): void {
    const { polled } = this;
    if (polled === undefined) return;
    const at = this.options.tracker.at(polled.atMs);
    const waiting = polled.answers.filter(({ node, seen }) => {
      const { tally, lag, lagBefore } = node;
      // How far its clock is behind is known from the stream before; of history alone it looks like much.
      const behind = Number.isFinite(lagBefore) ? Math.min(lag, lagBefore) : Math.min(lag, 0);
      if (!(tally.newest + behind > at)) return true;
      tally.placeFrom(seen, tally.position);
      return false;
    });
    polled.answers = waiting;
    if (waiting.length === 0) this.polled = undefined;
  }

  tick(nowMs: number): void {
    if (this.polled !== undefined && nowMs - this.polled.atMs >= ARRIVAL_MS)
      this.placePolled(nowMs);
    const age = nowMs - this.windowMs;
    const turned = Math.floor(nowMs / MINUTE_MS) !== Math.floor(this.windowMs / MINUTE_MS);
    if (age >= this.options.everyMs || age < 0 || turned) this.cut(nowMs, false);
  }

  /** Writes the report of the time since the last one. */
  cut(nowMs: number, final: boolean): void {
    this.account(nowMs);
    const facts = this.facts(nowMs, final);
    this.windowMs = nowMs;
    this.time.up = this.time.paused = this.time.down = 0;
    this.lost = { oversize: 0, tooLarge: 0 };
    this.options.emit(facts.map(encodeFact));
  }

  private placePolled(nowMs: number): void {
    const { polled } = this;
    this.polled = undefined;
    if (polled === undefined || nowMs - polled.atMs < ARRIVAL_MS || this.state !== 'up') return;
    const now = this.options.tracker.at(nowMs);
    for (const { node, seen, before } of polled.answers) {
      const { tally } = node;
      const after = tally.position;
      const lag = Number.isFinite(node.lag) ? Math.max(0, node.lag) : 0;
      const current = now - node.newest < lag + BEHIND_NS;
      if (after === before || current) tally.placeFrom(seen, after);
    }
  }

  private account(nowMs: number): void {
    this.time[this.state] += Math.max(0, nowMs - this.sinceMs);
    this.sinceMs = nowMs;
  }

  // Long because it lists every field of the facts of a minute.
  private facts(nowMs: number, final: boolean): CoverageFact[] {
    const { tracker, view } = this.options;
    const minute = Math.floor(this.windowMs / MINUTE_MS) * 60;
    const { up, paused, down } = this.time;
    const facts: CoverageFact[] = [
      {
        minute,
        up_ms: Math.round(up),
        paused_ms: Math.round(paused),
        down_ms: Math.round(down),
        oversize: BigInt(this.lost.oversize),
        too_large: BigInt(this.lost.tooLarge),
        stream: this.stream,
        opened_ms: BigInt(this.openedMs),
        final: final ? 1 : 0,
      },
    ];
    const listed = new Map(view.listed());
    const now = tracker.at(nowMs);
    let foreign = 0;
    let others = 0;
    for (const node of tracker.nodes.values()) {
      const { name, own, tally } = node;
      if (!own) {
        if (tally.flows === 0) continue;
        this.options.foreign(clusterOfNode(name), tally.flows);
        if (foreign++ < MAX_FOREIGN)
          facts.push({ node: name, minute, foreign: BigInt(tally.flows) });
        else others += tally.flows;
        tally.reported();
        continue;
      }
      const relay = listed.get(plainNode(name));
      listed.delete(plainNode(name));
      if (relay === undefined && now - node.heard > FORGET_NS) continue;
      const dark = view.isDark(name);
      // Its first responses came in this stream.
      if (tally.openedMs === 0) tally.begin(this.stream, this.openedMs);
      facts.push({
        node: name,
        minute,
        up_ms: dark ? 0 : Math.round(up),
        paused_ms: dark ? 0 : Math.round(paused),
        down_ms: Math.round(dark ? up + paused + down : down),
        final: final ? 1 : 0,
        ...this.counted(node),
        ...relayFacts(relay),
      });
      tally.reported();
    }
    if (others > 0) facts.push({ node: '(other nodes)', minute, foreign: BigInt(others) });
    for (const [, relay] of listed) {
      const name = relay.name ?? '';
      const away = view.isDark(name);
      facts.push({
        node: plainNode(name),
        minute,
        up_ms: away ? 0 : Math.round(up),
        paused_ms: away ? 0 : Math.round(paused),
        down_ms: Math.round(away ? up + paused + down : down),
        ...relayFacts(relay),
      });
    }
    return facts;
  }

  private counted({ tally, heard }: NodeRecord): CoverageFact {
    const { tracker } = this.options;
    const ms = (time: number) =>
      BigInt(Number.isFinite(time) ? Math.max(0, Math.floor(tracker.ms(time))) : 0);
    const [unknown = 0, perf = 0, queue = 0, ring = 0] = tally.lost;
    const { p50, count } = tally.delay();
    const skew = Number.isFinite(tally.least);
    return {
      received: BigInt(tally.flows),
      repeated: BigInt(tally.repeated),
      lost_unknown: BigInt(unknown),
      lost_perf: BigInt(perf),
      lost_queue: BigInt(queue),
      lost_ring: BigInt(ring),
      oversize: BigInt(tally.oversize),
      too_large: BigInt(tally.tooLarge),
      delays: count,
      delay_p50_ms: Math.round(p50),
      delay_max_ms: count > 0 ? Math.min(0xffffffff, Math.max(0, Math.round(tally.most / 1e6))) : 0,
      skew_ms: BigInt(skew ? Math.round(-tally.least / 1e6) : 0),
      skew_known: skew ? 1 : 0,
      stream: tally.stream,
      opened_ms: BigInt(Math.round(tally.openedMs)),
      boot_ms: BigInt(Number.isNaN(tally.bootMs) ? 0 : Math.round(tally.bootMs)),
      ...(tally.placed && {
        placed: 1,
        start: BigInt(tally.high),
        slack: BigInt(tally.high - tally.low),
      }),
      position: BigInt(tally.position),
      oldest_ms: ms(tally.oldest),
      newest_ms: ms(tally.newest),
      heard_ms: ms(heard),
    };
  }
}

function relayFacts(relay: Node | undefined): CoverageFact {
  if (relay === undefined) return {};
  return {
    state: relay.state,
    seen: relay.seen_flows,
    held: relay.num_flows,
    capacity: relay.max_flows,
    uptime_ns: relay.uptime_ns,
    version: relay.version,
    address: relay.address,
    tls: relay.tls?.enabled === true ? 1 : 0,
  };
}
