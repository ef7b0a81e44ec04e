// The TLS and basic-auth flags as Node and HTTP take them.
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ParallaxError } from '../../runtime/errors.ts';
import type { ServerSettings } from './server.ts';

/** Options of a TLS connection, as `node:tls` and `node:https` have them. */
export interface TlsOptions {
  readonly ca?: Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Reads the files the flags name. Throws `input/invalid` for one that cannot be read. */
export async function tlsOptions(server: ServerSettings): Promise<TlsOptions> {
  const { tlsCaCertFiles, tlsClientCertFile, tlsClientKeyFile, tlsServerName } = server;
  const ca: Buffer[] = [];
  for (const path of tlsCaCertFiles) ca.push(await certificate(path));
  const mutual = tlsClientCertFile !== '';
  const pair = mutual && { cert: await file(tlsClientCertFile), key: await file(tlsClientKeyFile) };
  try {
    createSecureContext({ ...pair });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ParallaxError(
      'input/invalid',
      `${tlsClientCertFile} and ${tlsClientKeyFile} are no certificate and its key: ${why}`,
      { cause: error },
    );
  }
  return {
    ...(ca.length > 0 && { ca }),
    ...pair,
    ...(tlsServerName !== '' && { servername: tlsServerName }),
    ...(server.tlsAllowInsecure && { rejectUnauthorized: false }),
  };
}

/** How a server is reached, and what it is shown of who asks. */
export interface Access {
  readonly server?: ServerSettings;
  readonly tls?: TlsOptions | undefined;
  readonly token?: string | undefined;
}

/** The header that says who asks: the token, or else what the flags of basic auth say. */
export function credentials({ server, token }: Access = {}): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  return server === undefined ? {} : authorization(server);
}

/** The header of `--basic-auth-username` and `--basic-auth-password`, which is sent over TLS only. */
function authorization(server: ServerSettings): Readonly<Record<string, string>> {
  const { basicAuthUsername: name, basicAuthPassword: password } = server;
  if (name === '') return {};
  if (!server.tls)
    throw new ParallaxError(
      'input/invalid',
      'basic auth would send the password unencrypted; use --tls, a tls:// or an https:// server',
    );
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

async function certificate(path: string): Promise<Buffer> {
  const pem = await file(path);
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new ParallaxError('input/invalid', `${path} holds no PEM certificate`);
  return pem;
}

async function file(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = missing ? 'no such file or directory' : String(error);
    throw new ParallaxError('input/invalid', `open ${path}: ${why}`, { cause: error });
  }
}
