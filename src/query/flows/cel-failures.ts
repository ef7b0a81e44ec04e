import type { Failed } from '../../hubble/cel/compile.ts';

export interface CelFailures {
  readonly failed: Failed;
  /** One notice when any evaluation failed. The flows concerned do not match. */
  notices(): Generator<{ readonly kind: 'notice'; readonly notice: string }>;
}

/** Counts for one answer. */
export function celFailures(): CelFailures {
  let count = 0;
  let first = '';
  return {
    failed: (why) => {
      if (count++ === 0) first = why;
    },
    *notices() {
      if (count === 0) return;
      const what = 'flows are left out: the CEL expression could not be evaluated for them';
      yield { kind: 'notice', notice: `${count} ${what} (${first})` };
    },
  };
}
