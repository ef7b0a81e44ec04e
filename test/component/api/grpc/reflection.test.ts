// Server reflection, as a client that brings no .proto files uses it: lists the services, reads their files, and makes
// a call with what it has learned.
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { poll, serving } from '../../../support/api/grpc-server.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert([{ flow: { uuid: crypto.randomUUID(), node_name: 'eks/node-1' } }]);
});
afterAll(() => stored.close());

interface ServerReflectionRequest {
  readonly host?: string;
  readonly list_services?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly file_containing_extension?: object;
  readonly all_extension_numbers_of_type?: string;
}

interface ServerReflectionResponse {
  readonly valid_host?: string;
  readonly file_descriptor_response?: { readonly file_descriptor_proto?: Uint8Array[] };
  readonly all_extension_numbers_response?: object;
  readonly list_services_response?: { readonly service?: readonly { readonly name: string }[] };
  readonly error_response?: { readonly error_code: number };
}

interface Service {
  readonly path: string;
  readonly requestSerialize: (message: ServerReflectionRequest) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => ServerReflectionResponse;
}

const [V1, V1ALPHA] = ['v1', 'v1alpha'].map((version): Service => {
  const file = fileURLToPath(
    new URL(`../../../../proto/grpc/reflection/${version}/reflection.proto`, import.meta.url),
  );
  const root = new protobuf.Root().loadSync(file, { keepCase: true });
  const name = `grpc.reflection.${version}`;
  const request = root.lookupType(`${name}.ServerReflectionRequest`);
  const response = root.lookupType(`${name}.ServerReflectionResponse`);
  return {
    path: `/${name}.ServerReflection/ServerReflectionInfo`,
    requestSerialize: (message) => Buffer.from(request.encode(message).finish()),
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes)),
  };
}) as [Service, Service];

class Conversation {
  readonly answers: ServerReflectionResponse[] = [];
  readonly status: Promise<grpc.StatusObject>;
  readonly call: grpc.ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

  constructor(client: grpc.Client, method: Service = V1) {
    this.call = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
    );
    this.call.on('data', (answer) => this.answers.push(answer)).on('error', () => {});
    this.status = new Promise((resolve) => this.call.on('status', resolve));
    onTestFinished(() => this.call.cancel());
  }

  /** All answers, once the client has no more to ask. */
  async ask(...questions: ServerReflectionRequest[]): Promise<ServerReflectionResponse[]> {
    for (const question of questions) this.call.write(question);
    this.call.end();
    expect(await this.status).toMatchObject({ code: grpc.status.OK });
    return this.answers;
  }
}

const NAMES = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'observer.Observer',
  'peer.Peer',
];

test('both versions list what is served, and answer in the order of the questions', async () => {
  const { client } = await serving(stored.store);
  for (const service of [V1, V1ALPHA]) {
    const question = { host: 'here', list_services: '' };
    const [first, second, third] = await new Conversation(client(), service).ask(
      question,
      { file_by_filename: 'no.proto' },
      { list_services: '*' },
    );
    const names = first?.list_services_response?.service?.map(({ name }) => name);
    expect(names).toEqual(NAMES);
    expect(first).toMatchObject({ valid_host: 'here', original_request: question });
    expect(second?.error_response).toEqual({
      error_code: grpc.status.NOT_FOUND,
      error_message: 'Proto file not found: no.proto',
    });
    expect(third?.list_services_response?.service).toHaveLength(NAMES.length);
  }
});

test('a call is made with nothing but what reflection tells', async () => {
  const { client } = await serving(stored.store);
  const own = client();
  const [answer] = await new Conversation(own).ask({ file_containing_symbol: 'observer.Observer' });
  const file = answer?.file_descriptor_response?.file_descriptor_proto ?? [];
  const set = descriptor.FileDescriptorSet.fromObject({
    file: file.map((bytes) => descriptor.FileDescriptorProto.decode(bytes)),
  });
  const files = descriptor.FileDescriptorSet.toObject(set).file ?? [];
  const names: string[] = files.map(({ name }: { name: string }) => name);
  expect(names[0]).toBe('observer/observer.proto');
  for (const { dependency = [] } of files)
    expect(names).toEqual(expect.arrayContaining(dependency));

  const root = protobuf.Root.fromDescriptor(
    descriptor.FileDescriptorSet.encode(set).finish(),
  ).resolveAll();
  const method = root.lookupService('observer.Observer').methods.GetFlows;
  expect(method?.responseStream).toBe(true);
  const request = root.lookupType(method?.requestType ?? '');
  const response = root.lookupType(method?.responseType ?? '');
  const call = own.makeServerStreamRequest(
    '/observer.Observer/GetFlows',
    (value: object) => Buffer.from(request.encode(request.fromObject(value)).finish()),
    (bytes) => response.toObject(response.decode(bytes)),
    { number: 1 },
  );
  const flows: object[] = [];
  for await (const each of call) flows.push(each);
  expect(flows).toMatchObject([{ flow: { nodeName: 'eks/node-1' } }]);
});

test('every service, method and message is found, under both names of reflection', async () => {
  const { client } = await serving(stored.store);
  const symbols = [
    ...NAMES,
    'observer.Observer.GetFlows',
    'flow.Flow',
    'flow.Verdict',
    'grpc.health.v1.HealthCheckResponse.ServingStatus',
    'google.protobuf.Timestamp',
    'grpc.reflection.v1alpha.ServerReflectionRequest',
  ];
  const questions = symbols.map((symbol) => ({ file_containing_symbol: symbol }));
  const answers = await new Conversation(client()).ask(...questions);
  expect(answers).toHaveLength(symbols.length);
  for (const [i, { file_descriptor_response: response }] of answers.entries()) {
    const first = descriptor.FileDescriptorProto.decode(
      response?.file_descriptor_proto?.[0] ?? new Uint8Array(),
    ).toJSON();
    expect(symbols[i]?.startsWith(`${first.package}.`), symbols[i]).toBe(true);
  }
});

test('what is not there is said to be so, and the stream goes on', async () => {
  const { client } = await serving(stored.store);
  const answers = await new Conversation(client()).ask(
    { file_containing_symbol: 'observer.Nothing' },
    { file_containing_symbol: 'constructor' },
    { file_containing_extension: { containing_type: 'flow.Flow', extension_number: 7 } },
    { all_extension_numbers_of_type: 'flow.Flow' },
    { all_extension_numbers_of_type: 'flow.Nothing' },
    {},
  );
  const codes = answers.map(({ error_response }) => error_response?.error_code);
  const { NOT_FOUND, INVALID_ARGUMENT } = grpc.status;
  expect(codes).toEqual([NOT_FOUND, NOT_FOUND, NOT_FOUND, undefined, NOT_FOUND, INVALID_ARGUMENT]);
  expect(answers[3]?.all_extension_numbers_response).toEqual({ base_type_name: 'flow.Flow' });
});

test('streams of reflection count as others do, and end when client or server does', async () => {
  const { client, metric, api } = await serving(stored.store, { grpc: { maxStreams: 2 } });
  const own = client();
  const first = new Conversation(own);
  const second = new Conversation(own);
  for (const { call } of [first, second]) call.write({ list_services: '' });
  await poll(() => [first, second].map(({ answers }) => answers.length)).toEqual([1, 1]);
  expect(await metric('parallax_grpc_streams')).toBe(2);
  const refused = new Conversation(own);
  expect(await refused.status).toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED });
  first.call.cancel();
  await poll(() => metric('parallax_grpc_streams')).toBe(1);
  await api.stop(AbortSignal.timeout(2000));
  expect(await second.status).toMatchObject({ code: grpc.status.UNAVAILABLE });
});

test('it can be turned off', async () => {
  const { client } = await serving(stored.store, { grpc: { reflection: false } });
  for (const service of [V1, V1ALPHA]) {
    const conversation = new Conversation(client(), service);
    conversation.call.write({ list_services: '' });
    expect(await conversation.status).toMatchObject({ code: grpc.status.UNIMPLEMENTED });
  }
});
