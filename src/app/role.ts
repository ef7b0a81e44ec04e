// What every role is handed from the process it runs in; a test hands in its own.
import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { SignalSource } from '../runtime/run.ts';

export interface RoleDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly signals: SignalSource;
  readonly version: string;
  /** For flows and answers only; the log goes elsewhere. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
}
