// What every role is handed from the process it runs in; a test hands in its own.
import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { SignalSource } from '../runtime/run.ts';
import type { ParallaxConfig } from './config.ts';

/** How a running role reads its configuration again. */
export interface ConfigReload {
  /** The file it came from; undefined without one. */
  readonly file: string | undefined;
  /** Throws `config/invalid` with every problem. */
  load(): Promise<ParallaxConfig>;
  /** Calls back on SIGHUP; the function returned ends that. */
  onHangup(listener: () => void): () => void;
}

export interface RoleDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly signals: SignalSource;
  /** Absent: changes of the configuration need a restart. */
  readonly reload?: ConfigReload;
  readonly version: string;
  /** For flows and answers only; the log goes elsewhere. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
}
