// The scenario `story`: two clusters of one mesh, xwings that call rebel-base through a global service, and a policy in
// one cluster that admits only xwings of its own cluster.
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/component.ts';
import { encodeObservation } from './framing.ts';
import type { FlowObservation } from './packet-flows.ts';
import { type Random, seededRandom } from './random.ts';
import type { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';
import { FIRST_PORT, PORTS } from './template.ts';
import { storyTraffic } from './workload.ts';

const TICK_MS = 40;

interface Due {
  readonly atMs: number;
  readonly relay: SimulatedRelay;
  readonly node: number;
  readonly flow: FlowObservation['flow'];
}

export interface StoryOptions {
  readonly seed: number;
  /** Speed as a factor: 1 is some 40 flows a second over both clusters. */
  readonly speed: number;
  /** Ends after so many flows over both relays; 0 never. */
  readonly count: number;
  readonly waitForClient: boolean;
}

/** Emits the traffic into the relays of the two clusters, by name. */
export class Story implements Scenario {
  readonly name = 'story';
  made = 0;
  readonly done: Promise<void>;
  private readonly relays: readonly SimulatedRelay[];
  private readonly options: StoryOptions;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly traffic = storyTraffic();
  private readonly next: number[] = [];
  private due: Due[] = [];
  private timer: NodeJS.Timeout | undefined;
  private finish: () => void = () => {};

  constructor(relays: readonly SimulatedRelay[], options: StoryOptions, clock: Clock) {
    this.relays = relays;
    this.options = options;
    this.clock = clock;
    this.random = seededRandom(options.seed, 'story');
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async start(_signal: AbortSignal): Promise<void> {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  async stop(_limit: AbortSignal): Promise<void> {
    clearInterval(this.timer);
  }

  health(): Health {
    return { state: 'ok' };
  }

  private tick(): void {
    const now = this.clock.now();
    if (this.next.length === 0) {
      const watched = this.relays.some((relay) => relay.stats().followers > 0);
      if (this.options.waitForClient && !watched) return;
      for (const { firstMs } of this.traffic) this.next.push(now + firstMs / this.options.speed);
    }
    this.traffic.forEach(({ everyMs, flows }, index) => {
      const atMs = this.next[index] ?? now;
      if (atMs > now) return;
      this.schedule(flows(FIRST_PORT + this.random.below(PORTS), this.random), atMs);
      const varied = 0.8 + this.random.below(400) / 1000;
      this.next[index] = now + (everyMs * varied) / this.options.speed;
    });
    this.emit(now);
  }

  private schedule(observations: readonly FlowObservation[], atMs: number): void {
    for (const { node, afterUs, flow } of observations) {
      const relay = this.relays.find((each) => each.name === node.cluster.name);
      const index = relay ? relay.options.nodes.indexOf(node.name) : -1;
      if (!relay || index < 0) continue;
      this.due.push({ atMs: atMs + afterUs / 1000, relay, node: index, flow });
    }
    this.due.sort((a, b) => a.atMs - b.atMs);
  }

  private emit(now: number): void {
    const { count } = this.options;
    const later = this.due.findIndex((each) => each.atMs > now);
    const ready = this.due.splice(0, later < 0 ? this.due.length : later);
    for (const { atMs, relay, node, flow } of ready) {
      if (count > 0 && this.made >= count) break;
      if (!relay.observing) continue;
      const { framed, uuidAt } = encodeObservation(flow, atMs, this.random.uuid());
      relay.emit(node, framed, atMs, uuidAt);
      this.made++;
    }
    for (const relay of new Set(ready.map((each) => each.relay))) relay.flush();
    if (count > 0 && this.made >= count) {
      clearInterval(this.timer);
      this.finish();
    }
  }
}
