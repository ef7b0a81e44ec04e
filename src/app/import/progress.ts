// The progress bar of an import, on standard error and only on a terminal.
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  update(bytes: number, lines: number): void;
  end(): void;
}

/** `size`: bytes of the whole input; undefined when nobody knows, then only what was done is shown. */
export function showProgress(size: number | undefined, stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { update: () => {}, end: () => {} };
  const format =
    size === undefined
      ? 'importing {mib} MiB, {lines} lines, {duration_formatted}'
      : 'importing [{bar}] {percentage} %, {lines} lines, {eta_formatted} left';
  const bar = new SingleBar(
    { format, stream, hideCursor: true, fps: 4, etaBuffer: 50 },
    Presets.shades_classic,
  );
  bar.start(Math.max(1, size ?? 1), 0, { lines: '0', mib: '0' });
  return {
    update: (bytes, lines) => {
      const shown = { lines: lines.toLocaleString('en-US'), mib: (bytes / 2 ** 20).toFixed(1) };
      bar.update(size === undefined ? 0 : bytes, shown);
    },
    end: () => bar.stop(),
  };
}
