// Synthetic load: connections between a few hundred pods, written from templates at an exact rate.
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/component.ts';
import { makeScripts, type Script } from './population.ts';
import { type Random, scramble, seededRandom } from './random.ts';
import type { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';
import {
  FIRST_PORT,
  type FlowTemplate,
  formOf,
  PORTS,
  SMALLEST_NANOS,
  writeFlow,
} from './template.ts';
import type { SimulatedCluster } from './topology.ts';

/** A write to a client costs some 300 µs whatever its size, so few large ones; yet no ring may fill within a tick. */
const LONGEST_TICK_MS = 20;
const SHORTEST_TICK_MS = 2;
const TICKS_PER_RING = 8;
/** Flows made after a pause carry times of its last part, at most this long. */
const LONGEST_SPAN_MS = 500;
/** After a pause the generator catches up at no more than this many times its rate, so that rings are not washed out. */
const CATCH_UP = 3;

export interface LoadOptions {
  /** Flows a second. */
  readonly rate: number;
  /** Ends after so many flows; 0 never. */
  readonly count: number;
  readonly seed: number;
  /** Makes nothing until a client follows. */
  readonly waitForClient: boolean;
  /** One flow in fifty carries a time up to so much in the past. */
  readonly lateMs?: number;
  /** After so many flows other pods are there, with the identity numbers of the first. */
  readonly reuseAfter?: number;
}

/** Dependencies of a load on its relay. */
export type LoadedRelay = Pick<
  SimulatedRelay,
  'name' | 'rings' | 'options' | 'observing' | 'flush' | 'stats'
>;

const LATE = 1 / 50;

/** Emits into one relay until stopped or `count` is reached. */
export class LoadGenerator implements Scenario {
  readonly name: string;
  /** Flows made so far. */
  made = 0;
  /** Resolves when `count` flows are made. */
  readonly done: Promise<void>;
  private readonly relay: LoadedRelay;
  private readonly options: LoadOptions;
  private readonly clock: Clock;
  private readonly cluster: SimulatedCluster;
  private streams: NodeStream[] = [];
  private generation = 0;
  private readonly late: Random;
  private readonly keys: readonly number[];
  private readonly words = new Uint32Array(4);
  private readonly tickMs: number;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private owed = 0;
  private finish: () => void = () => {};

  constructor(cluster: SimulatedCluster, relay: LoadedRelay, options: LoadOptions, clock: Clock) {
    this.name = `load of ${relay.name}`;
    this.cluster = cluster;
    this.relay = relay;
    this.options = options;
    this.clock = clock;
    const random = seededRandom(options.seed, `uuid ${relay.name}`);
    this.keys = [random.bits(), random.bits(), random.bits(), random.bits()];
    this.late = seededRandom(options.seed, `late ${relay.name}`);
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
    const ringMs = (relay.options.ring * cluster.nodes.length * 1000) / options.rate;
    const tickMs = Math.floor(ringMs / TICKS_PER_RING);
    this.tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, tickMs));
  }

  async start(_signal: AbortSignal): Promise<void> {
    if (this.streams.length === 0) this.populate();
    this.lastMs = this.clock.now();
    this.timer = setInterval(() => this.tick(), this.tickMs);
  }

  async stop(_limit: AbortSignal): Promise<void> {
    clearInterval(this.timer);
  }

  health(): Health {
    return { state: 'ok' };
  }

  private populate(): void {
    const { relay, cluster, generation, options } = this;
    const random = seededRandom(options.seed, `load ${relay.name}`);
    const scripts = makeScripts(cluster, random, generation);
    this.streams = scripts.map((own) => new NodeStream(own, random));
  }

  private tick(): void {
    const now = this.clock.now();
    const sinceMs = now - this.lastMs;
    const { rate, count, waitForClient } = this.options;
    const waits = waitForClient && this.made === 0 && this.relay.stats().followers === 0;
    this.lastMs = now;
    if (sinceMs <= 0 || waits || !this.relay.observing) return;
    this.owed += (sinceMs * rate) / 1000;
    const most = Math.max(1, (CATCH_UP * rate * this.tickMs) / 1000);
    let due = Math.floor(Math.min(this.owed, most));
    if (count > 0) due = Math.min(due, count - this.made);
    this.owed -= due;
    if (due > 0) {
      const spanMs = Math.min(sinceMs, LONGEST_SPAN_MS);
      this.make(due, now - spanMs, spanMs);
      this.relay.flush();
    }
    if (count > 0 && this.made >= count) {
      clearInterval(this.timer);
      this.finish();
    }
  }

  /** Makes `due` flows, spread over the nodes, and each node's over the time from `fromMs` on. */
  make(due: number, fromMs: number, spanMs: number): void {
    const { reuseAfter = 0 } = this.options;
    if (reuseAfter > 0 && this.generation === 0 && this.made >= reuseAfter) {
      this.generation = 1;
      this.populate();
    }
    const nodes = this.streams.length;
    const first = this.made % nodes;
    for (let i = 0; i < nodes; i++) {
      const node = (first + i) % nodes;
      const share = Math.floor(due / nodes) + (i < due % nodes ? 1 : 0);
      if (share > 0) this.writeNode(node, share, fromMs, spanMs);
    }
  }

  private lateSeconds(): number {
    const { lateMs = 0 } = this.options;
    if (lateMs === 0 || !this.late.chance(LATE)) return 0;
    return this.late.below(Math.floor(lateMs / 1000) + 1);
  }

  private writeNode(node: number, share: number, fromMs: number, spanMs: number): void {
    const ring = this.relay.rings[node];
    const stream = this.streams[node];
    if (!ring || !stream) return;
    const { keys, words } = this;
    const stepNanos = Math.floor((spanMs * 1e6) / share);
    let seconds = Math.floor(fromMs / 1000);
    let nanos = Math.round((fromMs - seconds * 1000) * 1e6);
    for (let i = 0; i < share; i++) {
      nanos += stepNanos;
      if (nanos >= 1e9) {
        nanos -= 1e9;
        seconds++;
      }
      const at = Math.max(nanos, SMALLEST_NANOS);
      const form = formOf(stream.next(), at);
      const number = this.made++;
      for (let word = 0; word < 4; word++) {
        words[word] = scramble(number ^ (keys[word] as number)); // within bounds
      }
      const { length } = form.bytes;
      const chunk = ring.reserve(length);
      const older = this.lateSeconds();
      writeFlow(form, chunk.buffer, chunk.end, seconds - older, at, stream.port, words);
      ring.commit(chunk, length, (seconds - older) * 1000 + at / 1e6, chunk.end + form.uuidAt);
    }
  }
}

/** Runs one node's scripts one after the other, each with a port of its own. */
class NodeStream {
  port = FIRST_PORT;
  private readonly scripts: readonly Script[];
  private readonly random: Random;
  private script: Script = [];
  private step = 0;

  constructor(scripts: readonly Script[], random: Random) {
    this.scripts = scripts;
    this.random = random;
  }

  next(): FlowTemplate {
    if (this.step === this.script.length) {
      this.script = this.scripts[this.random.below(this.scripts.length)] as Script; // within bounds
      this.port = FIRST_PORT + this.random.below(PORTS);
      this.step = 0;
    }
    return this.script[this.step++] as FlowTemplate; // within bounds
  }
}
