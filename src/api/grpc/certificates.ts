// Credentials of the gRPC server whose certificates are renewed while it runs.
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import { readTlsFiles, watchTlsFiles } from '../../runtime/tls-files.ts';
import type { GrpcTlsConfig } from './config.ts';

const SETTING = 'api.grpc.tls';

/** Reads the files until `signal` aborts. Throws `config/invalid` when they are no certificates. */
export async function tlsCredentials(
  config: GrpcTlsConfig,
  deps: { readonly logger: Logger; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ServerCredentials> {
  let pems = await readTlsFiles(SETTING, config);
  const identity = new Set<(update: { certificate: Buffer; privateKey: Buffer }) => void>();
  const authorities = new Set<(update: { caCertificate: Buffer }) => void>();
  const identityOf = () => ({ certificate: pems.cert, privateKey: pems.key });
  const authorityOf = () => ({ caCertificate: pems.ca ?? Buffer.alloc(0) });
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
  void watchTlsFiles(SETTING, config, {
    ...{ logger: deps.logger, clock: deps.clock, signal },
    onRead(renewed) {
      pems = renewed;
      for (const listener of authorities) listener(authorityOf());
      for (const listener of identity) listener(identityOf());
    },
  });
  const mutual = pems.ca !== undefined;
  // The identity comes first, although the library's types name it second.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    mutual ? provider : null,
    mutual,
  );
}
