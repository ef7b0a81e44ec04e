// Our codec and tables against protobufjs with the same .proto files.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import { Health, Observer, Peer } from '../../../../src/hubble/proto/services.ts';
import { MESSAGE_TYPES, messageOf } from '../../../support/hubble/messages.ts';
import { loadProtos, plain, TO_OBJECT } from '../../../support/hubble/protobufjs.ts';

const root = loadProtos();

describe.each(MESSAGE_TYPES.map((type) => [type.fullName, type] as const))('%s', (name, type) => {
  const oracle = root.lookupType(name);

  test('has the fields of the .proto, in its order', () => {
    expect(type.fields.map((each) => [each.name, each.number, each.repeated])).toEqual(
      oracle.fieldsArray.map((each) => [each.name, each.id, each.repeated]),
    );
  });

  test('is read by protobufjs as it was', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const read = oracle.toObject(oracle.decode(encode(type, message)), TO_OBJECT);
        expect(read).toEqual(plain(type, message));
      }),
      { numRuns: 30 },
    );
  });

  test('is read from what protobufjs writes, and comes back from ours', () => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = oracle.encode(oracle.fromObject(plain(type, message))).finish();
        expect(decode(type, bytes)).toEqual(message);
        expect(decode(type, encode(type, message))).toEqual(message);
      }),
      { numRuns: 30 },
    );
  });
});

test('every enum has the names and numbers of the .proto', async () => {
  const schema = await import('../../../../src/hubble/proto/schema.gen.ts');
  const enums = Object.values(schema).filter((each) => each.kind === 'enum');
  expect(enums.length).toBeGreaterThan(15);
  for (const each of enums) {
    expect(each.numbers).toEqual(root.lookupEnum(each.fullName).values);
    for (const [number, name] of each.names as ReadonlyMap<number, string>) {
      expect(each.numbers).toHaveProperty(name, number);
    }
  }
});

test.each([
  ['observer.Observer', Observer],
  ['peer.Peer', Peer],
  ['grpc.health.v1.Health', Health],
] as const)('%s has the methods of the .proto', (name, service) => {
  const methods = root.lookupService(name).methodsArray;
  expect(
    Object.entries(service).map(([key, each]) => [
      key,
      each.path,
      each.requestType.fullName,
      each.responseType.fullName,
      each.requestStream,
      each.responseStream,
    ]),
  ).toEqual(
    methods.map((each) => [
      each.name,
      `/${name}/${each.name}`,
      each.resolvedRequestType?.fullName.slice(1),
      each.resolvedResponseType?.fullName.slice(1),
      each.requestStream ?? false,
      each.responseStream ?? false,
    ]),
  );
});
