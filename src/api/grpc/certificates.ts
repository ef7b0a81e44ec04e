// The server's certificates, read from files now and again, so that renewed ones are taken up without a restart.

import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { MINUTE_MS } from '../../runtime/time.ts';
import type { GrpcTlsConfig } from './config.ts';

interface Files {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

const EVERY_MS = MINUTE_MS;

/** Reads the files for as long as `signal` does not abort. Throws `config/invalid` when they are no certificates. */
export async function tlsCredentials(
  config: GrpcTlsConfig,
  deps: { readonly logger: Logger; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ServerCredentials> {
  let files = await read(config);
  const identity = new Set<(update: { certificate: Buffer; privateKey: Buffer }) => void>();
  const authorities = new Set<(update: { caCertificate: Buffer }) => void>();
  const identityOf = () => ({ certificate: files.cert, privateKey: files.key });
  const authorityOf = () => ({ caCertificate: files.clientCa ?? Buffer.alloc(0) });
  const provider: experimental.CertificateProvider = {
    addIdentityCertificateListener(listener) {
      identity.add(listener);
      // Not at once: the server listens to its credentials only after they listen to us.
      queueMicrotask(() => listener(identityOf()));
    },
    removeIdentityCertificateListener: (listener) => identity.delete(listener),
    addCaCertificateListener(listener) {
      authorities.add(listener);
      queueMicrotask(() => listener(authorityOf()));
    },
    removeCaCertificateListener: (listener) => authorities.delete(listener),
  };
  const watch = async () => {
    while (!signal.aborted) {
      await deps.clock.sleep(EVERY_MS, signal);
      try {
        files = await read(config);
        for (const listener of authorities) listener(authorityOf());
        for (const listener of identity) listener(identityOf());
      } catch (error) {
        deps.logger.error({ err: error }, 'certificates of the grpc api not renewed');
      }
    }
  };
  void watch();
  const asksClients = files.clientCa !== undefined;
  // The identity comes first, whatever the library's types call it.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    asksClients ? provider : null,
    asksClients,
  );
}

async function read({ cert, key, clientCa }: GrpcTlsConfig): Promise<Files> {
  try {
    const [certBytes, keyBytes, caBytes] = await Promise.all([
      readFile(cert),
      readFile(key),
      clientCa === undefined ? undefined : readFile(clientCa),
    ]);
    createSecureContext({ cert: certBytes, key: keyBytes, ...(caBytes && { ca: caBytes }) });
    return { cert: certBytes, key: keyBytes, clientCa: caBytes };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ParallaxError(
      'config/invalid',
      `api.grpc.tls: ${why}; cert, key and clientCa must be PEM files that belong together`,
      { cause: error },
    );
  }
}
