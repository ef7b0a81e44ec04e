// A simulation on real sockets and a grpc-js client for it, as any Hubble client would speak.
import * as grpc from '@grpc/grpc-js';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { decode, encode } from '../../../src/hubble/proto/codec.ts';
import {
  GetFlowsRequest,
  GetFlowsResponse,
  type LostEvent,
  type NodeStatusEvent,
} from '../../../src/hubble/proto/schema.gen.ts';
import { keepBytes, type Method, Observer } from '../../../src/hubble/proto/services.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import type { SimulatedRelay } from '../../../src/simulate/relay.ts';
import { createSimulation, type Simulation } from '../../../src/simulate/simulation.ts';

/** A started simulation that ends with the test. */
export async function simulation(options: Record<string, unknown>): Promise<Simulation> {
  const made = createSimulation(simulateSchema.parse(options), {
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
  await made.start(new AbortController().signal);
  onTestFinished(() => made.stop(AbortSignal.timeout(200)));
  return made;
}

export function firstRelay(of: Simulation): SimulatedRelay {
  const [relay] = of.relays;
  if (!relay) throw new Error('a simulation without a relay');
  return relay;
}

export function client(
  relay: SimulatedRelay,
  credentials = grpc.credentials.createInsecure(),
  options: grpc.ClientOptions = {},
): grpc.Client {
  // Channels of one process share connections and their backoff unless told not to.
  const own = { 'grpc.use_local_subchannel_pool': 1, ...options };
  const made = new grpc.Client(relay.address, credentials, own);
  onTestFinished(() => made.close());
  return made;
}

export function unary<Request extends object, Response extends object>(
  from: grpc.Client,
  method: Method<Request, Response>,
  request: NoInfer<Request>,
): Promise<{ response: Response; metadata: grpc.Metadata }> {
  return new Promise((resolve, reject) => {
    let metadata = new grpc.Metadata();
    from
      .makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error, response) => {
          if (error) reject(error);
          else if (response) resolve({ response, metadata });
        },
      )
      .on('metadata', (headers) => {
        metadata = headers;
      });
  });
}

/** What came of one GetFlows call. */
export class Reading {
  readonly uuids: string[] = [];
  readonly responses: GetFlowsResponse[] = [];
  readonly lost: LostEvent[] = [];
  readonly statuses: NodeStatusEvent[] = [];
  /** Messages that could not be decoded. */
  readonly broken: Buffer[] = [];
  readonly call: grpc.ClientReadableStream<Buffer>;
  readonly ended: Promise<grpc.StatusObject>;

  constructor(from: grpc.Client, request: GetFlowsRequest, options: grpc.CallOptions = {}) {
    this.call = from.makeServerStreamRequest(
      Observer.GetFlows.path,
      (message: GetFlowsRequest) => encode(GetFlowsRequest, message),
      keepBytes,
      request,
      options,
    );
    this.call.on('data', (bytes: Buffer) => this.take(bytes));
    // The status says the same.
    this.call.on('error', () => {});
    this.ended = new Promise((resolve) => this.call.on('status', resolve));
  }

  /** Events lost, as told. */
  get lostEvents(): number {
    return this.lost.reduce((sum, { num_events_lost = 0n }) => sum + Number(num_events_lost), 0);
  }

  private take(bytes: Buffer): void {
    let response: GetFlowsResponse;
    try {
      response = decode(GetFlowsResponse, bytes);
    } catch {
      this.broken.push(bytes);
      return;
    }
    if (response.lost_events) this.lost.push(response.lost_events);
    else if (response.node_status) this.statuses.push(response.node_status);
    else {
      this.responses.push(response);
      this.uuids.push(response.flow?.uuid ?? '');
    }
  }
}

export function read(
  from: grpc.Client,
  request: GetFlowsRequest,
  options?: grpc.CallOptions,
): Reading {
  const reading = new Reading(from, request, options);
  onTestFinished(() => reading.call.cancel());
  return reading;
}

/** Waits until something is true; says what was awaited when it never is. */
export async function until(what: string, is: () => boolean, limitMs = 15_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!is()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await systemClock.sleep(5);
  }
}
