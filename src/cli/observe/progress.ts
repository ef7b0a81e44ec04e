// The line that says how far a long search has come: on a terminal's error stream, after a second, and gone before
// anything else is printed.

import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type { ScanProgress } from '../../query/read/scan.ts';
import { SECOND_NS } from '../../runtime/time.ts';

const FIRST_MS = 1000;
const EVERY_MS = 250;

export interface ProgressLine {
  show(seen: ScanProgress): void;
  /** Takes the line away, if there is one. */
  clear(): void;
}

export function progressLine(err: (text: string) => void, now: () => number): ProgressLine {
  const started = now();
  let shownAt: number | undefined;
  return {
    show(seen) {
      const at = now();
      if (at - started < FIRST_MS || (shownAt !== undefined && at - shownAt < EVERY_MS)) return;
      shownAt = at;
      err(`\r\x1b[K${sentence(seen)}`);
    },
    clear() {
      if (shownAt === undefined) return;
      shownAt = undefined;
      err('\r\x1b[K');
    },
  };
}

function sentence({ first, last, at, rows }: ScanProgress): string {
  const time = formatTimestamp(fromNanos((at / SECOND_NS) * SECOND_NS)) ?? '';
  const whole = formatTimestamp(fromNanos((first / SECOND_NS) * SECOND_NS)) ?? '';
  const end = formatTimestamp(fromNanos((last / SECOND_NS) * SECOND_NS)) ?? '';
  return `searching: at ${time} of ${whole} to ${end}, ${rows.toLocaleString('en-US')} rows looked at`;
}
