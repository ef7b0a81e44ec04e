// Flows that a CEL expression could not be evaluated for. They do not match, and the answer says so.
import type { Failed } from '../hubble/filter/predicate.ts';

export interface Unjudged {
  readonly failed: Failed;
  /** What to tell about them; undefined when there were none. */
  notice(): string | undefined;
}

/** Counts for one answer. */
export function unjudged(): Unjudged {
  let count = 0;
  let first = '';
  return {
    failed: (why) => {
      if (count++ === 0) first = why;
    },
    notice: () =>
      count === 0
        ? undefined
        : `${count} flows are left out: the CEL expression could not be evaluated for them (${first})`,
  };
}
