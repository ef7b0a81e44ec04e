// The values of `-o` that every command of Parallax takes.
import { ParallaxError } from '../../runtime/errors.ts';

export const FORMATS = ['table', 'wide', 'json', 'ndjson', 'csv', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export const FORMAT_HELP =
  'table (the default; fits the terminal), wide (all columns in full), json, ndjson, csv or yaml';

export const COLOR_HELP = 'auto (the default), always or never';

/** Spellings of earlier versions: accepted with a warning for one version. */
const OLD: Readonly<Record<string, Format>> = {
  jsonl: 'ndjson',
  jsonpb: 'json',
  JSON: 'json',
  compact: 'table',
  tab: 'table',
  text: 'table',
};

/** `warn` receives one line when an old spelling is used. Throws `input/invalid` with the formats of the command. */
export function readFormat<const F extends Format>(
  text: string,
  warn: (line: string) => void,
  formats: readonly F[],
): F {
  const old = Object.hasOwn(OLD, text) ? OLD[text] : undefined;
  const found = formats.find((each) => each === (old ?? text));
  if (found === undefined) throw unknownFormat(text, formats);
  if (old !== undefined) warn(`-o ${text} is deprecated; write -o ${old}`);
  return found;
}

export function unknownFormat(text: string, formats: readonly string[]): ParallaxError {
  const list = `${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}`;
  return new ParallaxError(
    'input/invalid',
    `unknown output format ${JSON.stringify(text)}: choose ${list}`,
  );
}
