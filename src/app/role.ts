// Dependencies of every role. Tests pass their own.
import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { SignalSource } from '../runtime/run.ts';
import type { ParallaxConfig } from './config.ts';

/** Reads the configuration again while a role runs. */
export interface ConfigReload {
  /** Undefined when there is no file. */
  readonly file: string | undefined;
  /** Throws `config/invalid` with every problem. */
  load(): Promise<ParallaxConfig>;
  /** Calls `listener` on SIGHUP until the returned function is called. */
  onHangup(listener: () => void): () => void;
}

export interface RoleDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly signals: SignalSource;
  /** Absent: configuration changes need a restart. */
  readonly reload?: ConfigReload;
  readonly version: string;
  /** For flows and documents; the log goes to standard error. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
}
