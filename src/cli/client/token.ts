// The bearer token for a Parallax server: from the environment or a file, never from the command line, which every user
// of the machine can read.
import { readFileSync } from 'node:fs';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { Env } from '../observe/settings.ts';

/** Undefined when none is named. Throws `input/invalid` for a file that cannot be read or holds none. */
export function tokenOf(file: string | undefined, env: Env): string | undefined {
  const path = file || (env.PARALLAX_TOKEN ? undefined : env.PARALLAX_TOKEN_FILE);
  if (!path) return checked(env.PARALLAX_TOKEN?.trim() || undefined, 'PARALLAX_TOKEN');
  try {
    return checked(readFileSync(path, 'utf8').trim(), path);
  } catch (error) {
    if (error instanceof ParallaxError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw inputError(`the token cannot be read: ${why}`, { cause: error });
  }
}

function checked(token: string | undefined, from: string): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw inputError(`${from} holds no token: a token is one word`);
}
