// How a Fastify application listens and ends, the same for every role.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { endWithin } from '../runtime/async.ts';
import { ParallaxError } from '../runtime/errors.ts';

/**
 * Listens at HOST:PORT (an IPv6 host in brackets) and resolves with the base URL, such as `http://127.0.0.1:4280`.
 * Throws `config/invalid` when the address is taken or none of ours.
 */
export async function listen(
  app: FastifyInstance,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  try {
    await app.listen({ host, port: Number(address.slice(colon + 1)), signal });
  } catch (error) {
    throw listenError(address, error);
  }
  return urlOf(app.server.address(), host);
}

/** Lets requests end; past `limit` connections are cut, because a stream may have no end. */
export async function close(app: FastifyInstance, limit: AbortSignal): Promise<void> {
  await endWithin(limit, app.close(), () => app.server.closeAllConnections());
}

function urlOf(address: string | AddressInfo | null, host: string): string {
  if (address === null || typeof address === 'string') return `http://${host}`;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${shown}:${address.port}`;
}

function listenError(address: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ParallaxError(
        'config/invalid',
        `api.listen: ${address} is in use by another process; stop it or choose another port (0 takes any)`,
        { cause },
      );
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ParallaxError(
        'config/invalid',
        `api.listen: cannot listen on ${address} (${code}); choose another address or port`,
        { cause },
      );
    default:
      return cause;
  }
}
