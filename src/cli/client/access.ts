// TLS files and credentials as Node and HTTP take them.
import { readFile } from 'node:fs/promises';
import { normalize } from 'node:path';
import { createSecureContext } from 'node:tls';
import { inputError } from '../../runtime/errors.ts';
import { fileError } from '../observe/file-error.ts';

/** How a server is reached, over HTTP and gRPC alike. */
export interface ServerSettings {
  readonly tls: boolean;
  readonly tlsAllowInsecure: boolean;
  readonly tlsCaCertFiles: readonly string[];
  readonly tlsClientCertFile: string;
  readonly tlsClientKeyFile: string;
  readonly tlsServerName: string;
  readonly basicAuthUsername: string;
  readonly basicAuthPassword: string;
  readonly portForward: boolean;
  /** Milliseconds until the connection must be there. */
  readonly timeoutMs: number;
  /** Milliseconds until the answer of a unary call must be there. */
  readonly requestTimeoutMs: number;
}

/** Options of a TLS connection, as `node:tls` and `node:https` have them. */
export interface TlsOptions {
  readonly ca?: Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Reads the files the flags name. Throws `input/invalid`, in the reference's words where they are plain. */
export async function tlsOptions(server: ServerSettings): Promise<TlsOptions> {
  const { tlsCaCertFiles, tlsClientCertFile, tlsClientKeyFile, tlsServerName } = server;
  const ca: Buffer[] = [];
  for (const path of tlsCaCertFiles) ca.push(await authority(path));
  const pair = tlsClientCertFile !== '' && (await keyPair(tlsClientCertFile, tlsClientKeyFile));
  return {
    ...(ca.length > 0 && { ca }),
    ...pair,
    ...(tlsServerName !== '' && { servername: tlsServerName }),
    ...(server.tlsAllowInsecure && { rejectUnauthorized: false }),
  };
}

async function authority(path: string): Promise<Buffer> {
  // The reference cleans the path before it opens the file.
  const pem = await file(normalize(path).replace(/(.)\/$/, '$1')).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw inputError(`cannot load cert '${path}': ${why}`, { cause: error });
  });
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw inputError(`cannot process cert '${path}': must be a PEM encoded certificate`);
  return pem;
}

async function keyPair(certPath: string, keyPath: string): Promise<{ cert: Buffer; key: Buffer }> {
  const [cert, key] = [await file(certPath), await file(keyPath)];
  for (const [pem, name] of [
    [cert, 'certificate'],
    [key, 'key'],
  ] as const)
    if (!pem.includes('-----BEGIN '))
      throw inputError(`tls: failed to find any PEM data in ${name} input`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw inputError(`${certPath} and ${keyPath} are no certificate and its key: ${why}`, {
      cause: error,
    });
  }
  return { cert, key };
}

/** How a server is reached, and the credentials it gets. */
export interface Access {
  readonly server?: ServerSettings;
  readonly tls?: TlsOptions | undefined;
  readonly token?: string | undefined;
}

/** The authorization header: the token, or else basic authentication. */
export function credentials({ server, token }: Access = {}): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  return server === undefined ? {} : authorization(server);
}

/** The header of `--basic-auth-username` and `--basic-auth-password`, which is sent over TLS only. */
function authorization(server: ServerSettings): Readonly<Record<string, string>> {
  const { basicAuthUsername: name, basicAuthPassword: password } = server;
  if (name === '') return {};
  if (!server.tls)
    throw inputError(
      'basic auth would send the password unencrypted; use --tls, a tls:// or an https:// server',
    );
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

async function file(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}
