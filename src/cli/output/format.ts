// The values of `-o` that every command of Parallax takes.
import { unknownValue } from '../suggest.ts';

export const FORMATS = ['table', 'wide', 'json', 'ndjson', 'csv', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export const FORMAT_HELP =
  'table (the default; fits the terminal), wide (all columns in full), json, ndjson, csv or yaml';

/** `parallax status` has the formats of `hubble status`, too. */
export const STATUS_FORMATS = ['compact', 'dict', ...FORMATS] as const;
export type StatusFormat = (typeof STATUS_FORMATS)[number];
export const STATUS_FORMAT_HELP =
  'compact (the default), dict, table, wide, json, ndjson, csv or yaml';

/** A policy is a document of its own. */
export const POLICY_FORMATS = ['yaml', 'json'] as const;
export type PolicyFormat = (typeof POLICY_FORMATS)[number];

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
export function readFormat<const F extends string>(
  text: string,
  warn: (line: string) => void,
  formats: readonly F[],
): F {
  const named = (name: string | undefined) => formats.find((each) => each === name);
  const old = named(text) === undefined && Object.hasOwn(OLD, text) ? OLD[text] : undefined;
  const found = named(old ?? text);
  if (found === undefined) throw unknownValue('--output', text, formats);
  if (old !== undefined) warn(`-o ${text} is deprecated; write -o ${old}`);
  return found;
}
