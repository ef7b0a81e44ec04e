// Who asks: the name that the log tells, and what they may read.
import type { Scope } from '../query/read/scope.ts';

export interface Principal {
  /** Name of the token; `anonymous` where none is needed. */
  readonly name: string;
  /** Undefined is everything. */
  readonly scope?: Scope | undefined;
}

export const ANONYMOUS: Principal = { name: 'anonymous' };
