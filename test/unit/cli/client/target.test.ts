// The forms of `--server`, and what listens at an address.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../../../../src/cli/client/probe.ts';
import { placeOf } from '../../../../src/cli/client/server-flags.ts';
import type { Asks } from '../../../../src/cli/client/target.ts';
import { httpTransport } from '../../../../src/cli/client/transport.ts';

const web = http.createServer((_, response) => response.end('{}'));
const grpc = http2.createServer();

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port; // of a server that listens on TCP
}

let webPort: number;
let grpcPort: number;
beforeAll(async () => {
  [webPort, grpcPort] = [await listen(web), await listen(grpc)];
});
afterAll(() => {
  web.close();
  grpc.close();
});

const target = async (server: string, asks: Asks, flags = {}) =>
  (await placeOf({ server, ...flags }, {}, asks)).target;

test('a port is told apart by its answer', async () => {
  const host = '127.0.0.1';
  expect(await probe({ host, port: webPort })).toBe('http');
  expect(await probe({ host, port: grpcPort })).toBe('grpc');
  expect(await probe({ host, port: 1 })).toBeUndefined();
});

describe('--server', () => {
  test('with a scheme says what it is', async () => {
    expect(await target('http://h:1', 'api')).toEqual({ kind: 'api', url: 'http://h:1' });
    expect(await target('https://h', 'api')).toEqual({ kind: 'api', url: 'https://h' });
    expect(await target('grpc://h:1', 'server')).toEqual({ kind: 'relay', address: 'h:1' });
    expect(await target('tls://h:1', 'flows')).toEqual({ kind: 'relay', address: 'tls://h:1' });
  });

  test('without one is a relay for observe, and asked what it is for the others', async () => {
    const address = `127.0.0.1:${webPort}`;
    expect(await target(address, 'flows')).toEqual({ kind: 'relay', address });
    expect(await target(address, 'api')).toEqual({ kind: 'api', url: `http://${address}` });
    expect(await target(address, 'server')).toEqual({ kind: 'api', url: `http://${address}` });
    const other = `127.0.0.1:${grpcPort}`;
    expect(await target(other, 'server')).toEqual({ kind: 'relay', address: other });
    expect(await target('h:1', 'server', { tls: true })).toEqual({ kind: 'relay', address: 'h:1' });
    expect(await target('h:1', 'api', { tls: true })).toEqual({ kind: 'api', url: 'https://h:1' });
  });

  test('of the wrong protocol is refused with the right one', async () => {
    const needed = 'is a gRPC port, which answers observe, status, list and watch only; use';
    await expect(target(`127.0.0.1:${grpcPort}`, 'api')).rejects.toThrow(needed);
    await expect(target('tls://h:1', 'api')).rejects.toThrow(needed);
    await expect(target('h', 'api')).rejects.toThrow('--server "h" is not a server address; write');
    const transport = httpTransport(`http://127.0.0.1:${grpcPort}`, undefined);
    const { signal } = new AbortController();
    await expect(transport.send({ path: '/', signal })).rejects.toThrow(
      `127.0.0.1:${grpcPort} is a gRPC port; use --server grpc://127.0.0.1:${grpcPort}`,
    );
    const secure = httpTransport(`https://127.0.0.1:${webPort}`, undefined);
    await expect(secure.send({ path: '/', signal })).rejects.toThrow(
      `127.0.0.1:${webPort} does not use TLS; use --server http://127.0.0.1:${webPort}`,
    );
  });
});
