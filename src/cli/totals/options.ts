import { rawFilters } from '../../hubble/filter/json.ts';
import { inputError } from '../../runtime/errors.ts';
import { flagPage, type HelpPage } from '../help/page.ts';
import { helpText } from '../help/text.ts';
import { type Flag, parseArgs } from '../observe/args.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { observeFlags } from '../observe/flags.ts';
import { bodyOf } from '../observe/flows.ts';
import { type ObserveOptions, type OptionSources, optionsOf } from '../observe/options.ts';
import { outputFlag, outputOf } from '../output/flag.ts';
import type { Format } from '../output/format.ts';
import type { Fields, TotalsCommand } from './command.ts';

export interface TotalsOptions {
  readonly observe: ObserveOptions;
  readonly output: Format;
  /** As the API takes it. */
  readonly request: Fields;
}

/** Flags of observe that ask for single flows, or say how they are printed. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'last',
  'first',
  'follow',
  'field-mask',
  'use-default-field-masks',
  'print-node-name',
  'print-policy-names',
  'print-sql',
  'aggregate-by',
  'input-file',
  'debug',
  'ip-translation',
  'numeric',
  'time-format',
]);

/** The flags of a command, its own in place of observe's of the same name or letter. */
function flagsOf<D extends object>(command: TotalsCommand<D>, values: FlagValues): readonly Flag[] {
  const own = [outputFlag(values), ...command.flags(values)];
  const taken = new Set(own.map(({ name }) => name));
  const letters = new Set(own.map(({ short }) => short));
  const shared = observeFlags(values)
    .filter(({ name }) => !NOT_HERE.has(name) && !taken.has(name))
    .map(({ short, ...flag }) =>
      short === undefined || letters.has(short) ? flag : { ...flag, short },
    );
  return [...own, ...shared];
}

/** The options; text when that is all there is to say. Throws `input/invalid`. */
export async function readTotalsOptions<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
  sources: OptionSources,
): Promise<TotalsOptions | string> {
  const values = new FlagValues();
  const words = parseArgs(flagsOf(command, values), args, 'suggest');
  if (values.switches.help === true)
    return helpText(totalsPage(command), sources.terminal?.columns);
  const observe = await optionsOf(values, sources, 'api');
  if (observe.printRawFilters) return rawFilters(observe.whitelist, observe.blacklist);
  const { whitelist, blacklist, since, until } = bodyOf({ ...observe, number: 0n });
  // All that is stored, whenever it was.
  const from = since ?? (values.switches.all === true ? '1970-01-01' : undefined);
  return {
    observe,
    output: outputOf(values, sources.warn),
    request: {
      whitelist,
      blacklist,
      ...(from !== undefined && { since: from }),
      ...(until !== undefined && { until }),
      ...command.fields(values, words),
    },
  };
}

export function totalsPage<D extends object>(command: TotalsCommand<D>): HelpPage {
  const { name, words, about, args } = command;
  const whole = `${about} Without --since it covers the last hour.`;
  return flagPage(name, words, whole, flagsOf(command, new FlagValues()), args);
}

/** Names joined by commas or apart. */
export function namesOf(words: readonly string[]): readonly string[] {
  return words
    .flatMap((word) => word.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Refuses words where a command takes none. */
export function noWords(words: readonly string[]): void {
  const [word] = words;
  if (word !== undefined) throw inputError(`unexpected argument ${JSON.stringify(word)}`);
}

/** The entries that are there. */
export function given(fields: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  );
}
