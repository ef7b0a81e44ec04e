// The values given to the flags of one call, and the kinds of flags that fill them.
import { FilterBuilder } from '../../hubble/filter/flags.ts';
import { parseUint } from '../../hubble/filter/values.ts';
import { inputError } from '../../runtime/errors.ts';
import { didYouMean, listed } from '../suggest.ts';
import { type Flag, parseBool } from './args.ts';
import { csvFields } from './csv.ts';

/** By flag name; absent for flags that were not given. */
export class FlagValues {
  readonly filters = new FilterBuilder();
  readonly text: Record<string, string> = {};
  readonly lists: Record<string, string[]> = {};
  readonly switches: Record<string, boolean> = {};
  readonly numbers: Record<string, bigint> = {};
}

/** A flag without the code that stores its value. */
interface FlagWords extends Pick<Flag, 'group'> {
  readonly name: string;
  readonly help: string;
  readonly short?: string;
  readonly value?: string;
}

/** One function for each kind of flag; each stores what it reads in `values`. */
export function flagKinds(values: FlagValues) {
  const list = (split: (value: string) => readonly string[]) => (words: FlagWords) => ({
    ...words,
    set: (value: string) => {
      values.lists[words.name] = [...(values.lists[words.name] ?? []), ...split(value)];
    },
  });
  return {
    text: (words: FlagWords, check: (value: string) => void = () => {}): Flag => ({
      ...words,
      set: (value) => {
        check(value);
        values.text[words.name] = value;
      },
    }),
    /** Text that must be one of `known`. */
    choice: (words: FlagWords, known: readonly string[]): Flag => ({
      ...words,
      set: (value) => {
        if (!known.includes(value))
          throw inputError(`use ${listed(known)}${didYouMean(value, known)}`);
        values.text[words.name] = value;
      },
    }),
    toggle: (words: FlagWords): Flag => ({
      ...words,
      bare: 'true',
      set: (value) => {
        values.switches[words.name] = parseBool(value);
      },
    }),
    number: (words: FlagWords, bits: number): Flag => ({
      value: 'uint',
      ...words,
      set: (value) => {
        values.numbers[words.name] = parseUint(value, 0, bits);
      },
    }),
    /** Each value one entry. */
    list: list((value) => [value]),
    /** Values joined by commas, in quotes where they hold some, or repeated. */
    commaList: list(csvFields),
  };
}
