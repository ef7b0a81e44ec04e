// Certificate, key and CA of a server as PEM files, read again every minute so that renewed ones need no restart.
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { ParallaxError } from './errors.ts';
import { MINUTE_MS } from './time.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** The files' bytes, under the names that node:tls uses. */
export interface TlsPems {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface TlsWatch {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly onRead: (pems: TlsPems) => void;
}

/** `setting` names the files in errors. Throws `config/invalid` when they are no certificate and its key. */
export async function readTlsFiles(setting: string, files: TlsFiles): Promise<TlsPems> {
  const { cert, key, clientCa } = files;
  try {
    const pems = {
      cert: await readFile(cert),
      key: await readFile(key),
      ...(clientCa !== undefined && { ca: await readFile(clientCa) }),
    };
    createSecureContext(pems);
    return pems;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const names = clientCa === undefined ? 'cert and key' : 'cert, key and clientCa';
    throw new ParallaxError(
      'config/invalid',
      `${setting}: ${why}; ${names} must be PEM files that belong together`,
      { cause },
    );
  }
}

/** Runs until the signal aborts; files that cannot be used are logged and the last good ones stay. Never rejects. */
export async function watchTlsFiles(
  setting: string,
  files: TlsFiles,
  { logger, clock, signal, onRead }: TlsWatch,
): Promise<void> {
  while (true) {
    await clock.sleep(MINUTE_MS, signal);
    if (signal.aborted) return;
    try {
      onRead(await readTlsFiles(setting, files));
    } catch (error) {
      logger.error({ err: error, setting }, 'certificate not renewed');
    }
  }
}
