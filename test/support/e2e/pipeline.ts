// A whole pipeline of child processes over one store: relays, Kafka, collector, writers, or all in one. It knows when
// everything that was sent has arrived, and then holds the store against the ledgers.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../engines/kafka/container.ts';
import type { KafkaEngine } from '../../engines/kafka.ts';
import { type TopicWatch, watchTopic } from './broker.ts';
import { Front } from './front.ts';
import { metric } from './metrics.ts';
import type { Program } from './program.ts';
import { Role } from './role.ts';
import { Simulator, type SimulatorOptions } from './simulator.ts';
import { complaint, type Verification, verify } from './verify.ts';

const GROUP = 'parallax-writer';
/** Nothing new from the relays for this long, and nothing held: the collector has all there is. */
const QUIET_MS = 1_200;
const CLUSTERS = 2;
/** How long everything may take to arrive; only a machine that is very busy needs much of it. */
export const PATIENCE_MS = 150_000;

export interface PipelineOptions {
  readonly program: Program;
  /** Without it everything runs in one process, `up`. */
  readonly kafka?: KafkaEngine;
  /** The store as a server; embedded without. */
  readonly server?: boolean;
  readonly writers?: number;
  /** Of the same clusters; only over Kafka. */
  readonly collectors?: number;
  /** Laid over the configuration of all roles. */
  readonly config?: {
    readonly collector?: object;
    readonly bus?: { readonly kafka?: object; readonly memory?: object };
    readonly writer?: object;
    readonly store?: { readonly clickhouse?: object };
    readonly [part: string]: unknown;
  };
}

export type Load = Pick<SimulatorOptions, 'seed' | 'rate' | 'count'> &
  Partial<Pick<SimulatorOptions, 'ring' | 'faults' | 'unread'>>;

export class Pipeline {
  readonly directory: string;
  readonly dataDir: string;
  readonly topic: string;
  readonly kafka: KafkaEngine | undefined;
  readonly front: Front | undefined;
  /** Roles with the clusters' collectors in them: `collect`, or `up`. */
  readonly collectors: readonly Role[];
  /** Roles with a writer in them: `write`, or `up`. */
  readonly writers: readonly Role[];
  /** What all roles are told. */
  readonly config: object;
  readonly ledgers: string[] = [];
  simulator: Simulator | undefined;
  private readonly program: Program;
  private readonly relays: readonly string[];
  private readonly watch: TopicWatch | undefined;

  private constructor(
    options: PipelineOptions,
    directory: string,
    relays: readonly string[],
    front: Front | undefined,
  ) {
    const { program, kafka, config = {} } = options;
    this.program = program;
    this.kafka = kafka;
    this.front = front;
    this.directory = directory;
    this.relays = relays;
    this.dataDir = front?.dataDir ?? join(directory, 'data');
    this.topic = `kill.${randomBytes(4).toString('hex')}.v1`;
    this.config = this.settings(config);
    const role = (name: string, command: readonly string[]) =>
      new Role({ name, program, directory, command, config: this.config });
    if (kafka) {
      this.watch = watchTopic(kafka.brokers, this.topic, GROUP);
      const several = (count: number, command: string) =>
        Array.from({ length: count }, (_, i) => role(`${command}-${i + 1}`, [command]));
      this.collectors = several(options.collectors ?? 1, 'collect');
      this.writers = several(options.writers ?? 1, 'write');
    } else {
      this.collectors = this.writers = [role('up', ['up', '--quiet'])];
    }
  }

  static async create(options: PipelineOptions): Promise<Pipeline> {
    const directory = await mkdtemp(join(tmpdir(), 'parallax-kill-'));
    const relays: string[] = [];
    for (let i = 0; i < CLUSTERS; i++) relays.push(`127.0.0.1:${await freePort()}`);
    const front = options.server ? await Front.create(directory) : undefined;
    return new Pipeline(options, directory, relays, front);
  }

  /** The one, or the first. */
  get collector(): Role {
    const [first] = this.collectors;
    if (!first) throw new Error('a pipeline without a collector');
    return first;
  }

  get roles(): readonly Role[] {
    return [...new Set([...this.collectors, ...this.writers])];
  }

  /** Starts what does not run; writers first, so that nothing waits longer than it must. */
  async start(): Promise<void> {
    await this.front?.start();
    await Promise.all(this.roles.filter((role) => !role.running).map((role) => role.start()));
  }

  /** New relays at the same addresses, with a ledger of their own, in place of those before. */
  async load(load: Load): Promise<Simulator> {
    await this.simulator?.child.stop();
    const simulator = new Simulator({
      ...load,
      program: this.program,
      directory: this.directory,
      name: `relays-${this.ledgers.length + 1}`,
      clusters: CLUSTERS,
      listen: this.relays,
    });
    this.ledgers.push(simulator.ledger);
    this.simulator = simulator;
    await simulator.started();
    return simulator;
  }

  /** Until each collector has read all that the relays still hold, and has published it. */
  async collected(withinMs = PATIENCE_MS): Promise<void> {
    for (const collector of this.collectors) await this.readOut(collector, withinMs);
  }

  private async readOut(collector: Role, withinMs: number): Promise<void> {
    let last = -1;
    let since = Date.now();
    await collector.child.until('the relays being read out', withinMs, async () => {
      const { url } = collector;
      if (url === '') return false;
      const read = (name: string) => metric(url, `parallax_ingest_${name}`);
      const [received, up, open, held] = await Promise.all([
        read('responses_total'),
        read('stream_up'),
        read('open_bytes'),
        read('buffer_bytes'),
      ]);
      const settled = received === last && up === CLUSTERS && open === 0 && held === 0;
      if (!settled || received === undefined) {
        last = received ?? -1;
        since = Date.now();
      }
      return Date.now() - since > QUIET_MS;
    });
  }

  /** Until the writers have committed every record of the topic. */
  async committed(withinMs = PATIENCE_MS): Promise<void> {
    const { watch } = this;
    if (!watch) return;
    const end = Date.now() + withinMs;
    for (;;) {
      const lag = await watch.lag();
      if (lag === 0) return;
      if (Date.now() > end) {
        throw new Error(`${lag} records are not stored after ${withinMs} ms\n${this.tails()}`);
      }
      await sleep(150);
    }
  }

  /** Records in the dead-letter topic. */
  async deadLetters(): Promise<number> {
    return (await this.watch?.records(this.topic.replace(/\.v1$/, '.dlq.v1'))) ?? 0;
  }

  /** Lets everything arrive, stops whoever has the store open, and compares. The collector of a split one goes on. */
  async verify(withinMs = PATIENCE_MS): Promise<Verification> {
    await this.collected(withinMs);
    await this.committed(withinMs);
    await this.stopWriters();
    return this.compare();
  }

  async stopWriters(): Promise<void> {
    for (const writer of this.writers) {
      const exit = await writer.stop();
      if (exit && exit.code !== 0) {
        throw new Error(
          `${writer.name} ended with ${JSON.stringify(exit)}\n${writer.child.tail()}`,
        );
      }
    }
    await this.front?.stop();
  }

  /** The store against the ledgers; nobody may have it open. */
  compare(): Promise<Verification> {
    return verify(this.dataDir, this.ledgers);
  }

  /** Verifies, and throws with the logs when the promise was broken. */
  async prove(): Promise<Verification> {
    const found = await this.verify();
    const wrong = complaint(found);
    if (wrong !== '')
      throw new Error(`${wrong}\n${JSON.stringify(briefly(found))}\n${this.tails()}`);
    return found;
  }

  tails(): string {
    return this.roles.map((role) => (role.lives > 0 ? role.child.tail() : '')).join('\n');
  }

  /** Ends everything that runs and removes the files, unless they are to be kept. */
  async remove({ keep = false } = {}): Promise<void> {
    for (const role of this.roles) await role.kill();
    await this.simulator?.child.kill();
    await this.front?.kill();
    await this.watch?.close().catch(() => {});
    if (!keep) await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private settings(over: NonNullable<PipelineOptions['config']>): object {
    const { collector, bus, writer, store, ...rest } = over;
    const kafka = this.kafka && {
      brokers: this.kafka.brokers,
      topic: this.topic,
      partitions: 3,
      replicationFactor: 1,
      sessionTimeout: '3s',
      heartbeatInterval: '500ms',
      rebalanceTimeout: '15s',
      fetchWait: '100ms',
      lagInterval: '1s',
      ...bus?.kafka,
    };
    return {
      clusters: this.relays.map((relay, i) => ({ name: `load-${i + 1}`, relay, id: i + 1 })),
      collector: {
        // Short, so that batches without the replay mark are killed too, which rest on the tokens alone.
        overlap: '1500ms',
        batch: { age: '250ms' },
        reconnect: { initial: '100ms', max: '1s' },
        ...collector,
      },
      bus: kafka ? { kind: 'kafka', kafka } : { kind: 'memory', memory: bus?.memory ?? {} },
      writer: { retryMax: '1s', ...writer },
      store: this.front
        ? {
            ...store,
            kind: 'clickhouse',
            clickhouse: { url: this.front.url, requestTimeout: '10s', ...store?.clickhouse },
          }
        : { kind: 'chdb', chdb: { path: this.dataDir, cache: '64MiB' }, ...store },
      api: { listen: '127.0.0.1:0' },
      log: { level: 'info', format: 'json' },
      ...rest,
    };
  }
}

/** Sizes instead of lists of uuids. */
export function briefly(found: Verification): Record<string, number> {
  return Object.fromEntries(
    Object.entries(found).map(([key, value]) => [
      key,
      typeof value === 'number' ? value : (value as readonly string[]).length,
    ]),
  );
}
