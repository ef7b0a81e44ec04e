// `observe --server HOST:PORT`: a relay asked as Hubble's own client asks it.
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { queryFlows } from '../../../../src/cli/observe/flows.ts';
import type { ObserveIo } from '../../../../src/cli/observe/run.ts';
import { decode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsRequest } from '../../../../src/hubble/proto/schema.gen.ts';
import { observe, recordedCases } from '../../../support/cli/recorded.ts';
import { type Certificates, makeCertificates } from '../../../support/ingest/certificates.ts';
import { firstRelay, simulation } from '../../../support/simulate/harness.ts';

const CORPUS = 'test/fixtures/corpus/flows.jsonl.gz';
let made: Certificates;
beforeAll(() => {
  made = makeCertificates();
});
afterAll(() => made.remove());

function asking(signal = new AbortController().signal): { readonly query: ObserveIo['query'] } {
  return {
    query: (options, listeners) => queryFlows(options, listeners, { signal, nowMs: Date.now }),
  };
}

const recorded = (id: string) => recordedCases().find((each) => each.id === id);

async function relay(options: Record<string, unknown> = {}): Promise<string> {
  const sim = await simulation({
    scenario: 'jsonl',
    file: CORPUS,
    times: 'kept',
    rate: 100_000,
    ring: 5000,
    ...options,
  });
  await sim.done;
  return firstRelay(sim).address;
}

test('selectors, filters and masks are the relay’s work', async () => {
  const address = await relay();
  const run = (...args: string[]) => observe(['--server', address, ...args], asking());
  const whole = '--use-default-field-masks=false';
  const late = await run('--since', '2026-03-15T00:43:51Z', whole);
  expect(late).toMatchObject({ exit: 0, out: recorded('1027')?.stdout });
  // A relay gives as many as asked for of each node.
  expect((await run('--last', '1', whole)).out).toContain(recorded('1000')?.stdout);
  const named = await run('--identity', 'kube-apiserver', '--all', '-o', 'compact');
  expect(named.out.split('\n').length).toBeGreaterThan(20);
  // The default mask leaves out what policy verdicts are printed with, as Hubble's does.
  const verdicts = ['--type', 'policy-verdict', '--last', '5'];
  expect((await run(...verdicts)).out).toContain('policy-verdict:none TRAFFIC_DIRECTION_UNKNOWN');
  expect((await run(...verdicts, whole)).out).toMatch(/policy-verdict:\S+ (IN|E)GRESS/);
  const mask = ['-o', 'json', '--field-mask', 'verdict,node_name'];
  const masked = await run('--since', '2026-03-15T00:43:51Z', ...mask);
  expect(Object.keys(JSON.parse(masked.out).flow).sort()).toEqual(['node_name', 'verdict']);
});

test('a stream of new flows ends when it is called off', async () => {
  const address = await relay();
  const over = new AbortController();
  let out = '';
  const { query } = asking(over.signal);
  const running = observe(['--server', address, '-f', '--last', '3', '--until', 'ignored'], {
    query: async function* (options, listeners) {
      for await (const response of query(options, listeners)) {
        out += 'x';
        yield response;
        if (out.length === 3) over.abort();
      }
    },
  });
  expect((await running).exit).toBe(0);
  expect(out).toBe('xxx');
});

test('TLS by flags, and what goes wrong with it', async () => {
  const tls = { cert: made.file('relay.pem'), key: made.file('relay.key') };
  const address = await relay({ scenario: 'load', count: 10, file: undefined, tls });
  const run = (...args: string[]) =>
    observe(['--server', address, '--last', '1', ...args], asking());
  const ca = ['--tls-ca-cert-files', made.file('ca.pem')];
  const trusted = await run('--tls', ...ca, '--tls-server-name', 'relay.test');
  expect(trusted).toMatchObject({ exit: 0, err: '' });
  expect((await run('--tls', '--tls-allow-insecure')).exit).toBe(0);
  expect(await run('--tls')).toMatchObject({ exit: 3, out: '' });
  expect((await run('--basic-auth-username', 'u', '--basic-auth-password', 'p')).err).toContain(
    'would send the password unencrypted',
  );
});

test('refusals of the relay in the words of Go', async () => {
  const server = http2.createServer();
  let status = 7;
  let asked: GetFlowsRequest | undefined;
  server.on('stream', (stream) => {
    stream.once('data', (chunk: Buffer) => {
      asked = decode(GetFlowsRequest, chunk.subarray(5));
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': status,
          'grpc-message': 'no%20way',
        },
        { endStream: true },
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const run = (...args: string[]) => observe(['--server', address, ...args], asking());
  expect(await run('--not', '--verdict', 'DROPPED', '--all')).toMatchObject({
    exit: 3,
    err: 'rpc error: code = PermissionDenied desc = no way\n',
  });
  expect(asked).toMatchObject({ number: 2n ** 64n - 1n, blacklist: [{ verdict: [2] }] });
  expect(asked?.field_mask?.paths).toContain('source.pod_name');
  status = 2;
  expect((await run()).err).toBe('no way\n');
  expect(asked?.number).toBe(20n);
  status = 1;
  expect(await run()).toMatchObject({ exit: 0, err: '' });
  expect((await observe(['--server', '127.0.0.1:1'], asking())).err).toContain('127.0.0.1:1');
  expect((await observe(['--server', '::'], asking())).err).toContain('is no relay address');
});
