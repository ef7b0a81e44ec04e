// A gRPC server over a store and a bus, and a client that sends what a Hubble client would.

import * as grpc from '@grpc/grpc-js';
import pino from 'pino';
import { Registry } from 'prom-client';
import { expect, onTestFinished } from 'vitest';
import type { Tokens } from '../../../src/api/auth.ts';
import { apiConfig } from '../../../src/api/config.ts';
import { createGrpcServer, type GrpcApi } from '../../../src/api/grpc/server.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import { busConfig } from '../../../src/bus/config.ts';
import { createBus } from '../../../src/bus/open.ts';
import { writerConfig } from '../../../src/enrich/config.ts';
import { writerMetrics } from '../../../src/enrich/metrics.ts';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { createWriter } from '../../../src/enrich/writer.ts';
import { FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { decode, encode } from '../../../src/hubble/proto/codec.ts';
import { type GetFlowsRequest, GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { keepBytes, type Method, Observer } from '../../../src/hubble/proto/services.ts';
import { createOverview } from '../../../src/query/catalogue/overview.ts';
import { createLiveFlows, type LiveFlows } from '../../../src/query/flows/follow.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { HealthReport } from '../../../src/runtime/run.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import type { Store } from '../../../src/store/store.ts';

/** As `expect.poll`, with time enough for a busy machine. */
export const poll: typeof expect.poll = (look, options) =>
  expect.poll(look, { timeout: 30_000, ...options });

export interface Serving {
  readonly api: GrpcApi;
  readonly bus: Bus;
  readonly live: LiveFlows;
  readonly registry: Registry;
  /** What the process says of itself; may be changed. */
  readonly report: { state: HealthReport['state'] };
  readonly address: string;
  client(credentials?: grpc.ChannelCredentials, options?: grpc.ClientOptions): grpc.Client;
  publish(responses: readonly GetFlowsResponse[], cluster?: string): Promise<void>;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

const never = () => new AbortController().signal;

/** Started; ends with the test. */
export async function serving(
  store: Store,
  options: {
    readonly settings?: object;
    readonly grpc?: object;
    readonly collects?: boolean;
    readonly tokens?: Tokens;
    /** A writer stores what is published, a while after it was published. */
    readonly writes?: boolean;
  } = {},
): Promise<Serving> {
  const registry = new Registry();
  const config = apiConfig.parse({
    listen: '127.0.0.1:0',
    statusCache: '0s',
    ...options.settings,
    grpc: { ...options.grpc },
  });
  const deps = { config, logger: pino({ level: 'silent' }), registry, clock: systemClock };
  const bus = createBus(busConfig.parse({ kind: 'memory' }), { ...deps, registry: new Registry() });
  await bus.start(never());
  const writer = createWriter({
    ...deps,
    config: writerConfig.parse({}),
    bus,
    store: slow(store),
    projector: createProjector(),
    metrics: writerMetrics(registry),
  });
  if (options.writes) await writer.start(never());
  const stored = (signal: AbortSignal) => bus.caughtUp(writerConfig.parse({}).group, signal);
  const live = createLiveFlows({
    ...deps,
    config: config.live,
    bus,
    ...(options.writes && { stored }),
  });
  const report: Serving['report'] = { state: 'ok' };
  const api = createGrpcServer({
    ...deps,
    store,
    overview: createOverview({ store, clock: systemClock, version: '1.2.3', config }),
    ...(options.collects === false ? {} : { live }),
    ...(options.tokens && { tokens: options.tokens }),
    health: () => ({ phase: 'running', components: [], ...report }),
  });
  await api.start(never());
  const publisher = bus.publisher();
  onTestFinished(async () => {
    await live.stop(AbortSignal.timeout(1000));
    await api.stop(AbortSignal.timeout(1000));
    if (options.writes) await writer.stop(AbortSignal.timeout(2000));
    await bus.stop(AbortSignal.timeout(1000));
  });
  const address = api.address() ?? '';
  let sequence = 0;
  return {
    ...{ api, bus, live, registry, report, address },
    client(credentials = grpc.credentials.createInsecure(), settings = {}) {
      const own = { 'grpc.use_local_subchannel_pool': 1, ...settings };
      const made = new grpc.Client(address, credentials, own);
      onTestFinished(() => made.close());
      return made;
    },
    publish(responses, cluster = 'c') {
      const builder = new FlowBatchBuilder();
      for (const response of responses) builder.add(encode(GetFlowsResponse, response));
      const receivedAt = msToNs(Date.now());
      const header = { cluster, relay: 'r', collector: 'x', receivedAt, replay: false };
      const value = builder.seal({ ...header, sequence: sequence++ });
      return publisher.publish({ key: 'c', value });
    },
    async metric(name, labels = {}) {
      const found = await registry.getSingleMetric(name)?.get();
      const values = found?.values.filter((value) =>
        Object.entries(labels).every(([key, label]) => value.labels[key] === label),
      );
      return values?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
  };
}

const STORING_MS = 250;

/** The same store, with inserts that take a while, as they do where there is more to do. */
function slow(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name !== 'insert') return Reflect.get(target, name, target);
      return async (...args: Parameters<Store['insert']>) => {
        await systemClock.sleep(STORING_MS);
        await target.insert(...args);
      };
    },
  });
}

export interface Unary<Response> {
  readonly response: Response;
  readonly metadata: grpc.Metadata;
}

/** One unary call; rejects with grpc-js's error. */
export function ask<Request extends object, Response extends object>(
  client: grpc.Client,
  { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
  request: NoInfer<Request>,
): Promise<Unary<Response>> {
  return new Promise((resolve, reject) => {
    let metadata = new grpc.Metadata();
    client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
        if (error) reject(error);
        else if (response) resolve({ response, metadata });
      })
      .on('metadata', (headers) => {
        metadata = headers;
      });
  });
}

/** A GetFlows call, read as it comes. */
export class FlowsCall {
  readonly responses: GetFlowsResponse[] = [];
  readonly call: grpc.ClientReadableStream<Buffer>;
  readonly status: Promise<grpc.StatusObject>;
  metadata: grpc.Metadata | undefined;

  /** `request` may be bytes, as a client of another version would write them. */
  constructor(
    client: grpc.Client,
    request: GetFlowsRequest | Buffer,
    metadata: grpc.Metadata = new grpc.Metadata(),
  ) {
    this.call = client.makeServerStreamRequest<GetFlowsRequest | Buffer, Buffer>(
      Observer.GetFlows.path,
      (message) =>
        Buffer.isBuffer(message) ? message : Observer.GetFlows.requestSerialize(message),
      keepBytes,
      request,
      metadata,
    );
    this.call.on('data', (bytes) => this.responses.push(decode(GetFlowsResponse, bytes)));
    this.call.on('metadata', (headers) => {
      this.metadata = headers;
    });
    this.call.on('error', () => {}); // the status says the same
    this.status = new Promise((resolve) => this.call.on('status', resolve));
    onTestFinished(() => this.call.cancel());
  }

  get uuids(): string[] {
    return this.responses.flatMap(({ flow }) => (flow === undefined ? [] : (flow.uuid ?? '')));
  }
}

/** All responses of a call that ends by itself. */
export async function flowsOf(client: grpc.Client, request: GetFlowsRequest | Buffer) {
  const call = new FlowsCall(client, request);
  const { code, details } = await call.status;
  return { ...call, code, details, uuids: call.uuids };
}
