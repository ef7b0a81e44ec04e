import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, expect, test } from 'vitest';
import { busConfig } from '../../../../src/bus/config.ts';
import { clientOptions } from '../../../../src/bus/kafka/client.ts';
import { deadLetterTopic } from '../../../../src/bus/kafka/topic.ts';

const directory = mkdtempSync(join(tmpdir(), 'parallax-client-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function options(kafka: object) {
  const logger = pino({ level: 'silent' });
  return clientOptions(busConfig.parse({ kind: 'kafka', kafka }).kafka, logger);
}

test('retries are said for the whole client, whatever NODE_ENV is', () => {
  expect(options({}).retry).toEqual({
    initialRetryTime: 100,
    maxRetryTime: 2000,
    retries: 15,
    multiplier: 2,
    factor: 0.2,
  });
  expect(options({})).toMatchObject({ ssl: false, clientId: 'parallax', requestTimeout: 30_000 });
  expect(options({})).not.toHaveProperty('sasl');
});

test('files of TLS and the password are read, a trailing line break dropped', () => {
  const { ssl, sasl } = options({
    tls: {
      enabled: true,
      caFile: file('ca', 'CA'),
      certFile: file('cert', 'CERT'),
      keyFile: file('key', 'KEY'),
      serverName: 'kafka.internal',
    },
    sasl: { username: 'me', passwordFile: file('password', 'se cret\r\n') },
  });
  expect(ssl).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kafka.internal' });
  expect(sasl).toEqual({ mechanism: 'scram-sha-512', username: 'me', password: 'se cret' });
});

test('a file that cannot be read is named with its setting', () => {
  const tls = { enabled: true, caFile: join(directory, 'absent') };
  expect(() => options({ tls })).toThrow(/bus\.kafka\.tls\.caFile names '.*absent'/);
});

test.each([
  ['parallax.flows.v1', 'parallax.flows.dlq.v1'],
  ['flows', 'flows.dlq'],
  ['flows.v12', 'flows.dlq.v12'],
  ['a.v1.b', 'a.v1.b.dlq'],
])('dead letters of %s go to %s', (topic, expected) => {
  expect(deadLetterTopic({ topic })).toBe(expected);
  expect(deadLetterTopic({ topic, deadLetterTopic: 'mine' })).toBe('mine');
});
