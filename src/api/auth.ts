// Bearer tokens, kept as hashes and compared in constant time. Without tokens the servers accept loopback only. Token
// values never leave this file.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ParallaxError } from '../runtime/errors.ts';
import type { AuthConfig } from './http/config.ts';
import { hostOf, isLoopback } from './loopback.ts';
import { ANONYMOUS, type Principal } from './principal.ts';

interface Known {
  readonly hash: Buffer;
  readonly principal: Principal;
}

export interface Tokens {
  /** Whether clients must send one. */
  readonly needed: boolean;
  /** Reads an `authorization` header. Throws `auth/required` without a known token. */
  principalOf(authorization: string | undefined): Principal;
}

/** Reads token files. Throws `config/invalid` for a file that cannot be read and for two equal tokens. */
export function readTokens(config: AuthConfig): Tokens {
  const known = [
    ...(config.token === undefined ? [] : [knownOf('default', hashOf(config.token))]),
    ...(config.tokenFile === undefined
      ? []
      : [knownOf('default', hashOf(fileToken(config.tokenFile)))]),
    ...config.tokens.map(({ name, token, tokenFile, sha256 }) => {
      if (sha256 !== undefined) return knownOf(name, Buffer.from(sha256, 'hex'));
      return knownOf(name, hashOf(token ?? fileToken(tokenFile ?? '')));
    }),
  ];
  const distinct = new Set(known.map(({ hash }) => hash.toString('hex')));
  if (distinct.size < known.length)
    throw new ParallaxError(
      'config/invalid',
      'api.auth: two tokens are the same; each needs its own',
    );
  return {
    needed: known.length > 0,
    principalOf: (authorization) => (known.length === 0 ? ANONYMOUS : find(known, authorization)),
  };
}

/** Throws `config/invalid` when other hosts can reach the address and no token is configured. */
export function requireSafe(key: string, listen: string, tokens: Tokens): void {
  if (tokens.needed || isLoopback(hostOf(listen))) return;
  throw new ParallaxError(
    'config/invalid',
    `${key}: other hosts can reach ${listen} and could read every flow without a token: set api.auth.tokens, or PARALLAX_API_AUTH_TOKEN or PARALLAX_API_AUTH_TOKEN_FILE in the environment (generate one with \`openssl rand -hex 32\`), or listen on 127.0.0.1`,
  );
}

function knownOf(name: string, hash: Buffer): Known {
  return { hash, principal: { name } };
}

function find(known: readonly Known[], authorization: string | undefined): Principal {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (token === undefined)
    throw new ParallaxError(
      'auth/required',
      'a token is required: send `authorization: Bearer TOKEN` (commands: PARALLAX_TOKEN or --token-file)',
    );
  const hash = hashOf(token);
  let found: Principal | undefined;
  // Compares with all, so that the time does not depend on which one matches.
  for (const each of known) if (timingSafeEqual(each.hash, hash)) found = each.principal;
  if (found === undefined) throw new ParallaxError('auth/required', 'unknown token');
  return found;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function fileToken(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParallaxError('config/invalid', `api.auth: the token cannot be read: ${why}`, {
      cause,
    });
  }
  if (text.length < 16)
    throw new ParallaxError(
      'config/invalid',
      `api.auth: ${path} holds ${text.length} characters; a token needs at least 16`,
    );
  return text;
}
