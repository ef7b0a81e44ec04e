// The options of `parallax observe`, read from flags and environment and checked, in Hubble's words where it has some.

import type { FilterLists } from '../../hubble/filter/flags.ts';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { parseMoment } from '../../hubble/filter/since.ts';
import { type Output, outputNamed, type PrinterOptions } from '../../hubble/print/printer.ts';
import { quoted } from '../../hubble/print/text.ts';
import { Flow, type FlowFilter } from '../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import { fromNanos, timestampProblem } from '../../hubble/proto/timestamp.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import type { CallIo } from '../call.ts';
import { type Place, type PlaceSources, placeOfValues } from '../client/server-flags.ts';
import type { Asks } from '../client/target.ts';
import { TIME_FORMS, TimeReader } from '../time.ts';
import { firstWord, parseArgs } from './args.ts';
import { FlagValues } from './flag-values.ts';
import { FLOW_FLAGS, observeFlags } from './flags.ts';
import type { Settings } from './settings.ts';

export interface ObserveOptions extends FilterLists, Place {
  /** How many; 0 is no limit. */
  readonly number: bigint;
  readonly first: boolean;
  readonly follow: boolean;
  /** Nanoseconds since 1970, both inclusive. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** `--until` was given beside `--follow`: Hubble passes over it. */
  readonly untilIgnored: boolean;
  /** Paths of the flow to print; all of it when there are none. */
  readonly fieldMask: readonly string[];
  /** Ask a relay only for what the layout prints. */
  readonly defaultFieldMask: boolean;
  readonly inputFile: string | undefined;
  readonly printer: Omit<PrinterOptions, 'color'>;
  readonly color: string;
  readonly silentErrors: boolean;
  readonly printRawFilters: boolean;
  readonly printSql: boolean;
}

/** Everything there is: how `--all` reads in a request. */
export const ALL = 2n ** 64n - 1n;
const DEFAULT_NUMBER = 20n;

/** What the options are read from, besides the flags. */
export type OptionSources = PlaceSources & Pick<CallIo, 'nowMs' | 'warn' | 'terminal'>;

/** Reads flags, environment and Hubble's configuration. Throws `input/invalid`. */
export async function readOptions(
  args: readonly string[],
  sources: OptionSources,
  asks: Asks = 'flows',
): Promise<ObserveOptions | 'help'> {
  const values = new FlagValues();
  const flags = observeFlags(values);
  const word = firstWord(flags, args);
  const events = word === 'agent-events' || word === 'debug-events';
  const known = events ? flags.filter(({ name }) => !FLOW_FLAGS.has(name)) : flags;
  parseArgs(known, args, asks === 'flows' ? 'as Hubble' : 'suggest');
  if (values.switches.help === true) return 'help';
  return events ? refuseEvents(word, values, sources) : optionsOf(values, sources, asks);
}

/** Events of the agent are refused, after all that Hubble would refuse before it asks for them. */
async function refuseEvents(
  word: string,
  values: FlagValues,
  sources: OptionSources,
): Promise<never> {
  await placeOfValues(values, sources, 'flows');
  outputOf(values);
  const nowNanos = msToNs(sources.nowMs());
  hubbleTime(values, 'since', nowNanos);
  if (values.switches.follow !== true) hubbleTime(values, 'until', nowNanos);
  throw inputError(`${word} cannot be observed: relays do not serve them, so none are stored`);
}

/** Combines flags, environment and Hubble's configuration. Throws `input/invalid`. */
export async function optionsOf(
  values: FlagValues,
  sources: OptionSources,
  asks: Asks,
): Promise<ObserveOptions> {
  const { env } = sources;
  const { text, switches, lists } = values;
  const { settings, place } = await placeOfValues(values, sources, asks);
  const built = values.filters.build();
  const output = outputOf(values);
  const mask = lists['field-mask'] ?? [];
  const legacyJson =
    output === 'json' &&
    (env.HUBBLE_COMPAT ?? '').toLowerCase().split(',').includes('legacy-json-output');
  const masked = isJson(output) && !legacyJson;
  if (mask.length > 0 && !masked)
    throw inputError(
      `${text.output ?? output} output format is not compatible with custom field mask`,
    );
  const selection = selectionOf(values, sources, asks);
  const whitelist = [...built.whitelist, ...rawFilterLists('allowlist', settings)];
  const blacklist = [...built.blacklist, ...rawFilterLists('denylist', settings)];
  checkMask(mask);
  return {
    whitelist,
    blacklist,
    ...selection,
    fieldMask: mask,
    defaultFieldMask: !masked && switches['use-default-field-masks'] !== false,
    inputFile: text['input-file'] || undefined,
    ...place,
    printer: {
      output,
      nodeName: switches['print-node-name'] === true,
      policyNames: switches['print-policy-names'] === true,
      ipTranslation: switches['ip-translation'] !== false && switches.numeric !== true,
      timeFormat: text['time-format'] ?? 'StampMilli',
      debug: settings.switch('debug'),
      legacyJson,
    },
    color: text.color ?? 'auto',
    silentErrors: switches['silent-errors'] === true,
    printRawFilters: switches['print-raw-filters'] === true,
    printSql: switches['print-sql'] === true,
  };
}

function isJson(output: Output): boolean {
  return output === 'json' || output === 'jsonpb';
}

function outputOf({ text, switches }: FlagValues): Output {
  const output = outputNamed(text.output ?? 'compact');
  if (output === undefined) throw inputError(`invalid output format: ${text.output}`);
  if (output === 'table' && switches.follow === true)
    throw inputError('table output format is not compatible with follow mode');
  return output;
}

function checkMask(mask: readonly string[]): void {
  const unknown = mask.find((path) => !hasPath(Flow, path));
  if (unknown !== undefined)
    throw inputError(
      `failed to construct field mask: proto: invalid path ${quoted(unknown)} for message "flow.Flow"`,
    );
}

/** Whether a field mask may name the path: lists can only be its end. */
function hasPath(type: MessageType, path: string): boolean {
  const [name = '', ...rest] = path.split('.');
  const field = type.fields.find((each) => each.name === name);
  if (field === undefined || rest.length === 0) return field !== undefined;
  if (field.kind === 'wrapper') return rest.join('.') === 'value';
  return field.kind === 'message' && !field.repeated && hasPath(field.type, rest.join('.'));
}

function selectionOf(values: FlagValues, sources: OptionSources, asks: Asks) {
  const { numbers, switches, text } = values;
  const last = numbers.last ?? 0n;
  const first = numbers.first ?? 0n;
  const all = switches.all === true;
  const follow = switches.follow === true;
  if (first > 0n && last > 0n) throw inputError('cannot set both --first and --last');
  if (first > 0n && all) throw inputError('cannot set both --first and --all');
  if (first > 0n && follow) throw inputError('cannot set both --first and --follow');
  if (last > 0n && all) throw inputError('cannot set both --last and --all');
  const fromFile = (text['input-file'] ?? '') !== '';
  const time = timeReader(values, sources, asks);
  const since = time('since');
  const until = follow ? undefined : time('until');
  let number = first > 0n ? first : last;
  if (since === undefined && until === undefined && first === 0n) {
    if (all) number = ALL;
    else if (last === 0n && !follow && !fromFile) number = DEFAULT_NUMBER;
  }
  const untilIgnored = follow && (text.until ?? '') !== '';
  return { number, first: first > 0n, follow, since, until, untilIgnored };
}

/** Files, and the filters that are only printed, take the times that Hubble takes; all else takes more. */
function timeReader(values: FlagValues, sources: OptionSources, asks: Asks) {
  const { text, switches } = values;
  const times = new TimeReader(sources.nowMs(), noteOf(values, sources));
  if (asks !== 'flows') return (name: 'since' | 'until') => times.read(name, text[name]);
  const asHubble = Boolean(text['input-file']) || switches['print-raw-filters'] === true;
  return (name: 'since' | 'until') =>
    hubbleTime(values, name, times.nowNanos, asHubble ? undefined : times);
}

/** Takes notes about times, unless messages are unwanted. */
export function noteOf({ switches }: FlagValues, { warn }: OptionSources): OptionSources['warn'] {
  return switches['silent-errors'] === true ? () => undefined : warn;
}

/** Refuses in Hubble's words; with `more`, takes the other forms of times too. */
function hubbleTime(
  values: FlagValues,
  name: 'since' | 'until',
  nowNanos: bigint,
  more?: TimeReader,
): bigint | undefined {
  const text = values.text[name];
  if (text === undefined || text === '') return undefined;
  let nanos: bigint;
  try {
    nanos = more === undefined ? parseMoment(text, nowNanos, 'hubble') : more.parse(name, text);
  } catch (error) {
    const cure = more === undefined ? '' : `; ${TIME_FORMS}`;
    throw prefixed(`failed to parse the ${name} time: `, error, cure);
  }
  const why = timestampProblem(fromNanos(nanos));
  if (why === undefined) return nanos;
  throw inputError(`failed to convert \`${name}\` timestamp to proto: proto: ${why}`);
}

function rawFilterLists(name: 'allowlist' | 'denylist', settings: Settings): FlowFilter[] {
  try {
    return settings.list(name).flatMap(filtersFromJson);
  } catch (error) {
    throw prefixed(`invalid --${name} flag: `, error);
  }
}

function prefixed(prefix: string, error: unknown, suffix = ''): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return inputError(prefix + why + suffix, { cause: error });
}
