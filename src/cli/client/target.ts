// The place a command asks, chosen from flags and environment: the one place that reads the forms of `--server`.

import { parseRelayAddress, type RelayAddress } from '../../ingest/relay/address.ts';
import { inputError } from '../../runtime/errors.ts';
import type { Env } from '../observe/settings.ts';
import { type Protocol, probe } from './probe.ts';

export type Target =
  /** The HTTP API of a Parallax server: http:// or https://. */
  | { readonly kind: 'api'; readonly url: string }
  /** Hubble's gRPC, of a relay, an agent or a Parallax server: HOST:PORT or tls://HOST:PORT. */
  | { readonly kind: 'relay'; readonly address: string }
  /** HOST:PORT, for a command that asks either: `resolved` finds out what listens there. */
  | { readonly kind: 'unknown'; readonly address: string }
  | { readonly kind: 'directory'; readonly path: string };

/** What a command asks: flows as Hubble does, a server over HTTP or gRPC, or the HTTP API alone. */
export type Asks = 'flows' | 'server' | 'api';

const DEFAULT_DIRECTORY = 'parallax-data';

/**
 * In this order: `--server`, `--data-dir`, PARALLAX_SERVER, PARALLAX_DATA_DIR, Hubble's own setting `server`, and the
 * directory parallax-data.
 */
export function targetOf(
  { server, 'data-dir': directory }: Readonly<Record<string, string>>,
  env: Env,
  hubbleServer: string,
  asks: Asks,
): Target {
  if (server) return serverTarget(server, asks === 'flows' ? 'relay' : 'unknown');
  if (directory) return { kind: 'directory', path: directory };
  if (env.PARALLAX_SERVER) return serverTarget(env.PARALLAX_SERVER, 'api');
  if (env.PARALLAX_DATA_DIR) return { kind: 'directory', path: env.PARALLAX_DATA_DIR };
  return hubbleServer === '' || asks === 'api'
    ? { kind: 'directory', path: DEFAULT_DIRECTORY }
    : serverTarget(hubbleServer, 'relay');
}

function serverTarget(server: string, withoutScheme: 'api' | 'relay' | 'unknown'): Target {
  const scheme = /^([a-z]+):\/\//i.exec(server)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'http':
    case 'https':
      return { kind: 'api', url: server };
    case 'grpc':
    case 'tcp':
      return { kind: 'relay', address: server.slice(scheme.length + 3) };
    case undefined:
      return withoutScheme === 'api'
        ? { kind: 'api', url: `http://${server}` }
        : { kind: withoutScheme, address: server };
    default:
      return { kind: 'relay', address: server };
  }
}

/**
 * Asks a HOST:PORT whether it speaks HTTP or gRPC, and refuses a gRPC address where only the HTTP API answers. Throws
 * `input/invalid` with the address to write instead.
 */
export async function resolved(target: Target, asks: Asks, tls: boolean): Promise<Target> {
  if (target.kind !== 'unknown') {
    if (target.kind === 'relay' && asks === 'api') throw httpNeeded(target.address);
    return target;
  }
  const { address } = target;
  const parsed = addressOf(address);
  if (tls) return asks === 'server' ? { kind: 'relay', address } : api(`https://${address}`);
  switch (await probe(parsed)) {
    case 'grpc':
      if (asks === 'api') throw httpNeeded(address);
      return { kind: 'relay', address };
    case 'tls':
      throw inputError(
        `--server ${address} speaks TLS; use --server https://${address} for the HTTP API${asks === 'api' ? '' : `, or --server tls://${address} for gRPC`}`,
      );
    default:
      return api(`http://${address}`);
  }
}

function api(url: string): Target {
  return { kind: 'api', url };
}

/** Throws `input/invalid` for what is not HOST:PORT. */
export function addressOf(text: string): RelayAddress {
  const parsed = parseRelayAddress(text);
  if (typeof parsed !== 'string') return parsed;
  throw inputError(
    `--server ${JSON.stringify(text)} is not a server address; write http://HOST:PORT or https://HOST:PORT for the HTTP API, grpc://HOST:PORT or tls://HOST:PORT for gRPC`,
  );
}

function httpNeeded(address: string) {
  const { host } = addressOf(address);
  const name = host.includes(':') ? `[${host}]` : host;
  return inputError(
    `--server ${address} is a gRPC port, which answers observe, status, list and watch only; use the address of a Parallax HTTP API, such as --server http://${name}:4280`,
  );
}

/** Names the right form of `--server` when something else listens there than `expected`. */
export async function wrongProtocol(
  { host, port, tls }: RelayAddress,
  expected: 'http' | 'grpc',
): Promise<string | undefined> {
  const found: Protocol | undefined = await probe({ host, port });
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (tls)
    return found === 'http' || found === 'grpc'
      ? `${place} does not use TLS; use --server ${found}://${place}`
      : undefined;
  if (expected === 'http' && found === 'grpc')
    return `${place} is a gRPC port; use --server grpc://${place} with a command that gRPC answers, or the HTTP API's address, such as http://${host}:4280`;
  if (expected === 'grpc' && found === 'http')
    return `${place} is an HTTP port; use --server http://${place}`;
  if (expected === 'http' && found === 'tls')
    return `${place} speaks TLS; use --server https://${place}`;
  return undefined;
}
