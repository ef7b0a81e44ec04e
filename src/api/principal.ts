// The authenticated client of a request or call.
import type { Scope } from '../query/read/scope.ts';

export interface Principal {
  /** Name of the token or certificate; `anonymous` where none is needed. For the log. */
  readonly name: string;
  /** Clusters and namespaces it may read; undefined is everything. */
  readonly scope?: Scope | undefined;
}

export const ANONYMOUS: Principal = { name: 'anonymous' };
