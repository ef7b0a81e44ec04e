// Replays a file of JSON lines, as `hubble observe -o json` or an agent's flow log writes them.
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Logger } from 'pino';
import { responseFromJson } from '../hubble/json/json.ts';
import { type GetFlowsResponse, GetFlowsResponse as Response } from '../hubble/proto/schema.gen.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/component.ts';
import { inputError, ParallaxError } from '../runtime/errors.ts';
import { framed, milliseconds, timestamp } from './framing.ts';
import type { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';

const TICK_MS = 20;
const FILE_LIMIT = 512 * 1024 * 1024;
const NO_NODE = 'unknown';

export interface Recording {
  readonly responses: readonly GetFlowsResponse[];
  /** Node names in the order they appear. */
  readonly nodes: readonly string[];
  /** Lines that are no Hubble JSON, by number from 1. */
  readonly refused: ReadonlyMap<number, string>;
}

/** Reads a file of JSON lines, gzip too. Lines that cannot be read are listed, not fatal. */
export function readRecording(file: string): Recording {
  const { size } = statSync(file);
  if (size > FILE_LIMIT) {
    throw inputError(
      `${file} has ${size} bytes; the simulator plays files of up to ${FILE_LIMIT}, cut it`,
    );
  }
  const bytes = readFileSync(file);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString();
  const responses: GetFlowsResponse[] = [];
  const refused = new Map<number, string>();
  const nodes = new Set<string>();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    try {
      const response = responseFromJson(line);
      responses.push(response);
      nodes.add(nodeOf(response));
    } catch (error) {
      if (!(error instanceof ParallaxError)) throw error;
      refused.set(index + 1, error.message);
    }
  });
  if (responses.length === 0) {
    throw inputError(`${file} has no line that is a flow in Hubble's JSON`);
  }
  return { responses, nodes: [...nodes], refused };
}

export interface PlayOptions {
  /** `shifted` moves the times to now with their gaps; `kept` and `rate` go by rate. */
  readonly times: 'shifted' | 'kept' | 'rate';
  /** Flows a second, for `kept` and `rate`. */
  readonly rate: number;
  readonly waitForClient: boolean;
  /** Stops after so many; 0 plays all. */
  readonly count: number;
}

/** Plays a recording into one relay, once. */
export class Player implements Scenario {
  readonly name = 'jsonl';
  made = 0;
  readonly done: Promise<void>;
  private readonly recording: Recording;
  private readonly relay: SimulatedRelay;
  private readonly options: PlayOptions;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly last: number;
  private timer: NodeJS.Timeout | undefined;
  private startedMs: number | undefined;
  private finish: () => void = () => {};

  constructor(
    recording: Recording,
    relay: SimulatedRelay,
    options: PlayOptions,
    deps: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.recording = recording;
    this.relay = relay;
    this.options = options;
    this.clock = deps.clock;
    this.logger = deps.logger;
    const { length } = recording.responses;
    this.last = options.count > 0 ? Math.min(options.count, length) : length;
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async start(_signal: AbortSignal): Promise<void> {
    for (const [line, why] of this.recording.refused) {
      this.logger.warn({ line, why }, 'line of the recording left out');
    }
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
    const waits = this.options.waitForClient && this.relay.stats().followers === 0;
    if (this.startedMs === undefined && waits) return;
    this.startedMs ??= now;
    while (this.made < this.last) {
      const response = this.recording.responses[this.made];
      if (!response || this.dueMs(response, this.made, this.startedMs) > now) break;
      this.emit(response, this.made++, this.startedMs);
    }
    this.relay.flush();
    if (this.made < this.last) return;
    clearInterval(this.timer);
    this.finish();
  }

  private dueMs(response: GetFlowsResponse, index: number, startedMs: number): number {
    if (this.options.times !== 'shifted') return startedMs + (index * 1000) / this.options.rate;
    return timeOf(response) + this.shiftMs(startedMs);
  }

  private shiftMs(startedMs: number): number {
    const first = this.recording.responses[0];
    return first ? startedMs - timeOf(first) : 0;
  }

  private emit(response: GetFlowsResponse, index: number, startedMs: number): void {
    const { times } = this.options;
    let played = response;
    let atMs = timeOf(response);
    if (times !== 'kept') {
      atMs = this.dueMs(response, index, startedMs);
      const time = timestamp(atMs);
      played = { ...response, time };
      if (response.flow) played.flow = { ...response.flow, time };
    }
    const bytes = framed(Response, played);
    const node = this.recording.nodes.indexOf(nodeOf(response));
    const uuid = response.flow?.uuid ?? '';
    this.relay.emit(node, bytes, atMs, uuid.length === 36 ? bytes.indexOf(uuid) : -1);
  }
}

function nodeOf(response: GetFlowsResponse): string {
  return response.node_name || response.flow?.node_name || NO_NODE;
}

function timeOf(response: GetFlowsResponse): number {
  const time = response.time ?? response.flow?.time;
  return time ? milliseconds(time) : 0;
}
