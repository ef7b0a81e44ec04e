// The certificate of HTTPS, read again now and then, so that a renewed one is taken up without a restart.

import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../runtime/clock.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { MINUTE_MS } from '../runtime/time.ts';

interface Files {
  readonly cert: string;
  readonly key: string;
}

export interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const EVERY_MS = MINUTE_MS;

/** Throws `config/invalid` when the files are no certificate and its key. */
export async function readTls({ cert, key }: Files): Promise<Pair> {
  try {
    const pair = { cert: await readFile(cert), key: await readFile(key) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParallaxError(
      'config/invalid',
      `api.tls: ${why}; cert and key must be PEM files that belong together`,
      { cause },
    );
  }
}

/** Takes renewed files up until `over` aborts. */
export function watchTls(
  files: Files,
  server: object,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  over: AbortSignal,
): void {
  const watch = async () => {
    while (!over.aborted) {
      await clock.sleep(EVERY_MS, over);
      if (over.aborted) return;
      try {
        const pair = await readTls(files);
        if ('setSecureContext' in server && typeof server.setSecureContext === 'function')
          server.setSecureContext(pair);
      } catch (error) {
        logger.error({ err: error }, 'certificate of the api not renewed');
      }
    }
  };
  void watch();
}
