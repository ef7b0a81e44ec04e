// Lines as Go's slog writes them, which is how Hubble warns and debugs.
import { quoted } from '../../hubble/print/text.ts';

/** One line; `time` is milliseconds since 1970. */
export function slogLine(
  time: number,
  level: 'DEBUG' | 'WARN' | 'ERROR',
  message: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  const pairs = Object.entries({ msg: message, ...fields }).map(
    ([key, value]) => `${key}=${needsQuotes(value) ? quoted(value) : value}`,
  );
  return `time=${new Date(time).toISOString()} level=${level} ${pairs.join(' ')}\n`;
}

function needsQuotes(text: string): boolean {
  // Delete does not print, but slog lets it pass.
  return text === '' || !/^[\p{L}\p{M}\p{N}\p{P}\p{S}\x7f]*$/u.test(text) || /["=]/.test(text);
}
