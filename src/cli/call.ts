// One call of a command that reads its flags as observe does: what it has of the process, and how it ends. The call
// itself knows nothing of the process, so that tests can run it as it is.
import { ERRORS, ParallaxError } from '../runtime/errors.ts';
import { interrupted } from './interrupted.ts';
import { readHubbleConfig } from './observe/hubble-config.ts';
import type { Env, HubbleConfig } from './observe/settings.ts';
import { type Screen, screenOf, type Terminal } from './output/screen.ts';

export interface CallIo {
  readonly env: Env;
  /** Hubble's configuration file, `named` by a flag or in its usual places; `found` hears which one was read. */
  readonly readConfig: (
    named: string | undefined,
    found?: (path: string) => void,
  ) => Promise<HubbleConfig>;
  /** Takes text; resolves when more may come. */
  readonly out: (text: string) => Promise<void> | undefined;
  readonly err: (text: string) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** The terminal that output goes to; absent: a pipe. */
  readonly terminal?: Terminal;
}

/** `color` is the value of `--color`. */
export function callScreen(
  { terminal = {}, env }: Pick<CallIo, 'terminal' | 'env'>,
  color: string | undefined,
): Screen {
  return screenOf(terminal, env, color);
}

/** Of this process. */
export function processIo(): CallIo {
  const { env } = process;
  const err = (text: string) => void process.stderr.write(text);
  return {
    env,
    readConfig: (named, found) => readHubbleConfig(named, env, (text) => err(`${text}\n`), found),
    out: write,
    err,
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

/** Makes the call, says in a line what went wrong, and returns the exit code. */
export async function exitOf(
  { err, signal }: Pick<CallIo, 'err' | 'signal'>,
  call: () => Promise<void>,
): Promise<number> {
  try {
    await call();
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    err(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ParallaxError ? ERRORS[error.code].exit : 1;
  }
}
