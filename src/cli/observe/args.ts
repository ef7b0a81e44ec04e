// Command-line flags by the rules of Go's pflag, which Hubble's users have in their fingers: values with `=` or after
// a space, grouped shorthands, flags and words mixed, everything applied in the order written.
import { nearest } from '../../config/suggest.ts';
import { quoted, quotedRune } from '../../hubble/print/text.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { OptionGroup } from '../help/options.ts';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What the flag means when it stands alone; without it the flag needs a value. */
  readonly bare?: string;
  readonly help: string;
  /** The kind of its value, for the help text. */
  readonly value?: string;
  /** Where the help lists it; by its name when left out. */
  readonly group?: OptionGroup;
  /** Accepted, and left out of the help. */
  readonly hidden?: boolean;
  /** Throws `input/invalid` with the reason when the value is refused. */
  readonly set: (value: string) => void;
}

/**
 * Applies the flags in order and returns the words between them. Throws `input/invalid` in pflag's words; with `suggest`
 * an unknown flag is refused with the nearest one. Long because its two readers share one position in the arguments.
 */
export function parseArgs(
  flags: readonly Flag[],
  args: readonly string[],
  style: 'as Hubble' | 'suggest' = 'as Hubble',
): string[] {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const byShort = new Map(
    flags.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag]])),
  );
  const words: string[] = [];
  let at = 0;
  while (at < args.length) {
    const arg = args[at++] ?? '';
    if (arg === '--') return [...words, ...args.slice(at)];
    if (arg.startsWith('--')) long(arg);
    else if (arg.startsWith('-') && arg !== '-') shorthands(arg);
    else words.push(arg);
  }
  return words;

  function long(arg: string): void {
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    if (name === '' || name.startsWith('-')) throw inputError(`bad flag syntax: ${arg}`);
    const flag = byName.get(name);
    if (flag === undefined) throw inputError(`unknown flag: --${name}${nearestFlag(name)}`);
    if (equals >= 0) apply(flag, arg.slice(equals + 1));
    else if (flag.bare !== undefined) apply(flag, flag.bare);
    else if (at < args.length) apply(flag, args[at++] ?? '');
    else throw inputError(`flag needs an argument: --${name}`);
  }

  function nearestFlag(name: string): string {
    if (style === 'as Hubble') return '';
    const near = nearest(name, byName.keys());
    return near === undefined ? '; see --help' : `; did you mean --${near}?`;
  }

  function shorthands(arg: string): void {
    for (let rest = arg.slice(1); rest !== ''; ) {
      // What Go's own tests take is left to them.
      if (rest.startsWith('test.')) return;
      const letter = rest.charAt(0);
      const flag = byShort.get(letter);
      if (flag === undefined)
        throw inputError(`unknown shorthand flag: ${firstByte(rest)} in -${rest}`);
      const tail = rest.slice(1);
      const assigned = tail.length > 1 && tail.startsWith('=');
      rest = '';
      if (assigned) {
        apply(flag, tail.slice(1));
      } else if (flag.bare !== undefined) {
        apply(flag, flag.bare);
        rest = tail;
      } else if (tail !== '') {
        apply(flag, tail);
      } else if (at < args.length) {
        apply(flag, args[at++] ?? '');
      } else {
        throw inputError(`flag needs an argument: '${letter}' in -${letter}`);
      }
    }
  }
}

/**
 * The first word as cobra looks for a subcommand, before flags are read: a flag that is not known takes the next
 * argument for its value, and the last argument is never a word behind one.
 */
export function firstWord(flags: readonly Flag[], args: readonly string[]): string | undefined {
  const takesValue = (arg: string) =>
    arg.startsWith('--')
      ? flags.find(({ name }) => name === arg.slice(2))?.bare === undefined
      : arg.length === 2 && flags.find(({ short }) => short === arg[1])?.bare === undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--') return undefined;
    if (arg !== '' && !arg.startsWith('-')) return arg;
    if (!arg.startsWith('-') || arg.includes('=') || !takesValue(arg)) continue;
    if (args.length - at <= 2) return undefined;
    at++;
  }
  return undefined;
}

/** The shorthand as pflag shows it, which takes it for a byte, makes that a character, and shows the first byte of it. */
function firstByte(text: string): string {
  const [byte = 0] = Buffer.from(text);
  const [shown = 0] = Buffer.from(String.fromCharCode(byte));
  return quotedRune(shown);
}

function apply(flag: Flag, value: string): void {
  try {
    flag.set(value);
  } catch (error) {
    if (!(error instanceof ParallaxError)) throw error;
    const name = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
    throw inputError(`invalid argument ${quoted(value)} for "${name}" flag: ${error.message}`, {
      cause: error,
    });
  }
}

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw inputError(`strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
}
