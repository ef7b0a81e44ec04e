// Where output goes: a terminal of some width, or a pipe or file.
import type { Env } from '../observe/settings.ts';

export interface Screen {
  /** Columns of the terminal; undefined where it is none: nothing is shortened. */
  readonly columns: number | undefined;
  readonly color: boolean;
}

export const PLAIN: Screen = { columns: undefined, color: false };

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** `choice` is the value of `--color`, read as `hubble observe` reads it: an unknown one means auto. */
export function screenOf(terminal: Terminal, env: Env, choice = 'auto'): Screen {
  const tty = terminal.isTTY === true;
  return { columns: tty ? terminal.columns || 80 : undefined, color: wantsColor(tty, env, choice) };
}

export function wantsColor(tty: boolean, env: Env, choice: string): boolean {
  switch (choice.toLowerCase()) {
    case 'always':
      return true;
    case 'never':
      return false;
    default:
      return tty && (env.NO_COLOR ?? '') === '';
  }
}
