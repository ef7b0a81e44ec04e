// What an error means to the caller of a command: its exit code and its one line.
import { ERRORS, ParallaxError } from './errors.ts';

/** Exit code of an error that is none of ours: a defect of the program. */
export const EXIT_UNKNOWN = 70;

/** The exit code of the error table for ours, 70 (internal software error) for everything else. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ParallaxError ? ERRORS[error.code].exit : EXIT_UNKNOWN;
}

/** The line to print for an error: the message alone for ours, with the stack for what nobody foresaw. */
export function errorLine(error: unknown): string {
  if (error instanceof ParallaxError) return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
