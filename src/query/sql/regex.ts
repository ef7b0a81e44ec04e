// Regular expressions handed to the engine, which speaks RE2 like Hubble.

/** Text that stands for itself in RE2. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** One of the given lines as a whole, in a newline-joined list. */
export function wholeLine(sources: readonly string[]): string {
  return `(?:^|\\n)(?:${sources.join('|')})(?:\\n|$)`;
}

/** A pattern of a user with Hubble's flags: the engine lets a dot match a newline unless told otherwise. */
export function hubbleRegex(pattern: string): string {
  return `(?-s:${pattern})`;
}
