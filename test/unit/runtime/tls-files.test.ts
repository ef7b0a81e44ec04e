import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTlsFiles, watchTlsFiles } from '../../../src/runtime/tls-files.ts';
import { type Certificates, makeCertificates } from '../../support/ingest/certificates.ts';

let certificates: Certificates;
const home = mkdtempSync(join(tmpdir(), 'parallax-tls-'));
const files = { cert: join(home, 'cert.pem'), key: join(home, 'key.pem') };

beforeAll(() => {
  certificates = makeCertificates();
});

afterAll(() => {
  certificates.remove();
  rmSync(home, { recursive: true });
});

function write(cert: string, key: string): void {
  copyFileSync(certificates.file(cert), files.cert);
  copyFileSync(certificates.file(key), files.key);
}

it('refuses a key of another certificate, by the name of the setting', async () => {
  write('relay.pem', 'client.key');
  await expect(readTlsFiles('api.tls', files)).rejects.toMatchObject({
    code: 'config/invalid',
    message: expect.stringMatching(/^api\.tls: .*; cert and key must be PEM files that belong/),
  });
});

it('hands on renewed files, and keeps the last good ones', async () => {
  const over = new AbortController();
  const read: string[] = [];
  const slept: number[] = [];
  const steps = [
    () => write('client.pem', 'relay.key'),
    () => write('client.pem', 'client.key'),
    () => over.abort(),
  ];
  const clock = {
    now: () => 0,
    sleep: async (ms: number) => {
      slept.push(ms);
      steps.shift()?.();
    },
  };
  const logged: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => logged.push(JSON.parse(line)) });
  await watchTlsFiles('api.tls', files, {
    ...{ logger, clock, signal: over.signal },
    onRead: ({ cert }) => read.push(cert.toString()),
  });
  expect(slept).toEqual([60_000, 60_000, 60_000]);
  expect(logged).toMatchObject([{ msg: 'certificate not renewed', setting: 'api.tls' }]);
  expect(read).toEqual([certificates.read('client.pem')]);
});
