// The line that says how far a long search has come: on a terminal's error stream, after a second, and gone before
// anything else is printed.
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type { ScanProgress } from '../../query/read/scan.ts';

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
  const time = formatTimestamp(fromNanos((at / 1_000_000_000n) * 1_000_000_000n)) ?? '';
  const whole = formatTimestamp(fromNanos((first / 1_000_000_000n) * 1_000_000_000n)) ?? '';
  const end = formatTimestamp(fromNanos((last / 1_000_000_000n) * 1_000_000_000n)) ?? '';
  return `searching: at ${time} of ${whole} to ${end}, ${rows.toLocaleString('en-US')} rows looked at`;
}
