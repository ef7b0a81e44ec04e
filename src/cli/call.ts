import { ERRORS, ParallaxError } from '../runtime/errors.ts';
import type { ClientDeps } from './client/client.ts';
import { interrupted } from './interrupted.ts';
import { readHubbleConfig } from './observe/hubble-config.ts';
import type { Env, HubbleConfig } from './observe/settings.ts';
import { type Screen, screenOf, type Terminal } from './output/screen.ts';

/** The process as a call of a command sees it: tests pass their own. */
export interface PrintingIo extends ClientDeps {
  readonly env: Env;
  /** Writes to standard output; resolves when more may come. */
  readonly out: (text: string) => Promise<void> | undefined;
  /** Writes a line to standard error: how a flag was understood, or that its spelling is deprecated. */
  readonly warn: (line: string) => void;
  /** The terminal that output goes to; absent: a pipe. */
  readonly terminal?: Terminal;
}

export interface CallIo extends PrintingIo {
  /** Reads Hubble's configuration file, the one `named` or the usual one; `found` gets the path of the file read. */
  readonly readConfig: (
    named: string | undefined,
    found?: (path: string) => void,
  ) => Promise<HubbleConfig>;
  readonly err: (text: string) => void;
}

/** `color` is the value of `--color`. */
export function callScreen(
  { terminal = {}, env }: Pick<PrintingIo, 'terminal' | 'env'>,
  color: string | undefined,
): Screen {
  return screenOf(terminal, env, color);
}

export function processIo(): CallIo {
  const { env } = process;
  const err = (text: string) => void process.stderr.write(text);
  return {
    env,
    readConfig: (named, found) => readHubbleConfig(named, env, (text) => err(`${text}\n`), found),
    out: write,
    err,
    warn: (line) => err(`${line}\n`),
    nowMs: Date.now,
    signal: interrupted(),
    terminal: process.stdout,
  };
}

/** Waits while the reader of our output is slow. */
function write(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}

/**
 * Makes the call, prints its error in one line, and returns the exit code. `name` is the command's, put before the error;
 * observe prints errors bare, as Hubble does.
 */
export async function exitOf(
  { err, signal }: Pick<CallIo, 'err' | 'signal'>,
  name: string | undefined,
  call: () => Promise<void>,
): Promise<number> {
  try {
    await call();
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    const message = error instanceof Error ? error.message : String(error);
    err(`${name === undefined ? '' : `parallax ${name}: `}${message}\n`);
    return error instanceof ParallaxError ? ERRORS[error.code].exit : 1;
  }
}
