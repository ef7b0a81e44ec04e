// A Fastify application as a component: listens at its start, lets requests end at its stop.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Component, Health } from '../runtime/component.ts';
import { ParallaxError } from '../runtime/errors.ts';

/** `address` is HOST:PORT, an IPv6 host in brackets. Throws `config/invalid` when it cannot be listened at. */
export function listening(
  name: string,
  app: FastifyInstance,
  address: string,
  logger: Logger,
  onAddress: (url: string) => void = () => undefined,
): Component {
  let health: Health = { state: 'failed', reason: 'not started' };
  return {
    name,
    async start() {
      const colon = address.lastIndexOf(':');
      const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
      try {
        const url = await app.listen({ host, port: Number(address.slice(colon + 1)) });
        health = { state: 'ok' };
        logger.info({ url }, 'listening');
        onAddress(url);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new ParallaxError(
          'config/invalid',
          `cannot listen at ${address} (api.listen): ${why}; choose a free port with --set api.listen=127.0.0.1:0`,
          { cause },
        );
      }
    },
    async stop(limit) {
      // Streams without an end must not hold the process: past the limit connections are cut.
      limit.addEventListener('abort', () => app.server.closeAllConnections());
      await app.close();
    },
    health: () => health,
  };
}
