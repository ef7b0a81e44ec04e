// Durations as Go prints them: 1h2m3.5s, 1.5ms, 0s.

const SECOND = 1_000_000_000n;

/** Nanoseconds as text. */
export function goDuration(nanos: bigint): string {
  if (nanos < 0n) return `-${goDuration(-nanos)}`;
  if (nanos === 0n) return '0s';
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`;
  if (nanos < SECOND) return `${decimal(nanos, 6)}ms`;
  const minutes = nanos / (60n * SECOND);
  const seconds = `${decimal(nanos % (60n * SECOND), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** To whole seconds, half up. */
export function roundToSeconds(nanos: bigint): bigint {
  return ((nanos + SECOND / 2n) / SECOND) * SECOND;
}

/** `value` over ten to the power of `digits`, without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const text = String(value).padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return `${text.slice(0, -digits)}${fraction === '' ? '' : `.${fraction}`}`;
}
