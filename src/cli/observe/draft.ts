// What the flags of a call said, before anything is made of it, and the kinds of flags that fill it.
import { FilterBuilder } from '../../hubble/filter/flags.ts';
import { parseUint } from '../../hubble/filter/values.ts';
import { type Flag, parseBool } from './args.ts';
import { csvFields } from './csv.ts';

/** What the flags said; absent where they said nothing. */
export class Draft {
  readonly filters = new FilterBuilder();
  readonly text: Record<string, string> = {};
  readonly lists: Record<string, string[]> = {};
  readonly switches: Record<string, boolean> = {};
  readonly numbers: Record<string, bigint> = {};
}

/** A flag before it is given a draft to write into. */
interface FlagWords {
  readonly name: string;
  readonly help: string;
  readonly short?: string;
  readonly value?: string;
}

/** Makers of flags of each kind, writing into `draft`. */
export function flagKinds(draft: Draft) {
  const list = (split: (value: string) => readonly string[]) => (words: FlagWords) => ({
    ...words,
    set: (value: string) => {
      draft.lists[words.name] = [...(draft.lists[words.name] ?? []), ...split(value)];
    },
  });
  return {
    text: (words: FlagWords, check: (value: string) => void = () => {}): Flag => ({
      ...words,
      set: (value) => {
        check(value);
        draft.text[words.name] = value;
      },
    }),
    toggle: (words: FlagWords): Flag => ({
      ...words,
      bare: 'true',
      set: (value) => {
        draft.switches[words.name] = parseBool(value);
      },
    }),
    number: (words: FlagWords, bits: number): Flag => ({
      value: 'uint',
      ...words,
      set: (value) => {
        draft.numbers[words.name] = parseUint(value, 0, bits);
      },
    }),
    /** Each value one entry. */
    list: list((value) => [value]),
    /** Values joined by commas, in quotes where they hold some, or repeated. */
    commaList: list(csvFields),
  };
}
