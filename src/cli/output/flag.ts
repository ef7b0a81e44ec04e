// `-o` and `--color` of commands that read their flags as observe does.
import type { Flag } from '../observe/args.ts';
import { type FlagValues, flagKinds } from '../observe/flag-values.ts';
import { FORMAT_HELP, FORMATS, type Format, readFormat } from './format.ts';

/** Kept apart from observe's own flag of this name, whose formats are Hubble's. */
export function outputFlag(values: FlagValues): Flag {
  return {
    ...flagKinds(values).text({ name: 'output', short: 'o', value: 'format', help: FORMAT_HELP }),
    set: (value) => {
      values.text.format = value;
    },
  };
}

/** Throws `input/invalid`. */
export function outputOf({ text }: FlagValues, warn: (line: string) => void = () => {}): Format {
  return readFormat(text.format ?? 'table', warn, FORMATS);
}
