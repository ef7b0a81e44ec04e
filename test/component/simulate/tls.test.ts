import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../support/ingest/certificates.ts';
import { client, firstRelay, read, simulation } from '../../support/simulate/harness.ts';

let made: Certificates;
beforeAll(() => {
  made = makeCertificates();
});
afterAll(() => made.remove());

const named = { 'grpc.ssl_target_name_override': 'relay.test' };
const credentials = (name?: string) => {
  const ca = Buffer.from(made.read('ca.pem'));
  if (name === undefined) return grpc.credentials.createSsl(ca);
  const own = [`${name}.key`, `${name}.pem`].map((file) => Buffer.from(made.read(file)));
  return grpc.credentials.createSsl(ca, own[0], own[1]);
};
const serving = (mutual: boolean) =>
  simulation({
    scenario: 'load',
    count: 100,
    tls: {
      cert: made.file('relay.pem'),
      key: made.file('relay.key'),
      ...(mutual && { clientCa: made.file('ca.pem') }),
    },
  });

test('TLS: a client that trusts the authority reads, one without TLS does not', async () => {
  const sim = await serving(false);
  await sim.done;
  const reading = read(client(firstRelay(sim), credentials(), named), {});
  expect((await reading.ended).code).toBe(grpc.status.OK);
  expect(reading.uuids).toHaveLength(100);
  const plain = read(client(firstRelay(sim)), {});
  expect((await plain.ended).code).toBe(grpc.status.UNAVAILABLE);
});

test('mTLS: only clients of the authority are let in', async () => {
  const sim = await serving(true);
  await sim.done;
  const known = read(client(firstRelay(sim), credentials('client'), named), {});
  expect((await known.ended).code).toBe(grpc.status.OK);
  expect(known.uuids).toHaveLength(100);
  for (const other of [credentials(), credentials('stranger')]) {
    const refused = read(client(firstRelay(sim), other, named), {});
    expect((await refused.ended).code).toBe(grpc.status.UNAVAILABLE);
  }
});

test('files that are not there are named', async () => {
  const tls = { cert: '/nowhere/cert.pem', key: made.file('relay.key') };
  await expect(simulation({ tls })).rejects.toThrow(/cannot read \/nowhere\/cert.pem/);
});
