// What a call of `parallax observe` asks for: read from flags and environment, checked, in Hubble's words where Hubble
// has words for it.
import type { FilterLists } from '../../hubble/filter/flags.ts';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { type DurationUnits, parseMoment } from '../../hubble/filter/since.ts';
import { type Output, outputNamed, type PrinterOptions } from '../../hubble/print/printer.ts';
import { quoted } from '../../hubble/print/text.ts';
import { Flow, type FlowFilter } from '../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import { fromNanos, timestampProblem } from '../../hubble/proto/timestamp.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { tokenOf } from '../token.ts';
import { firstWord, parseArgs } from './args.ts';
import { FlagValues } from './flag-values.ts';
import { FLOW_FLAGS, observeFlags } from './flags.ts';
import { readServerSettings, type ServerSettings, type Target, targetOf } from './server.ts';
import { type Env, type HubbleConfig, Settings } from './settings.ts';
import { type TlsOptions, tlsOptions } from './tls.ts';

export interface ObserveOptions extends FilterLists {
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
  readonly target: Target;
  readonly server: ServerSettings;
  /** Undefined: no TLS. */
  readonly tls: TlsOptions | undefined;
  /** Shown to a Parallax server. */
  readonly token: string | undefined;
  readonly printer: Omit<PrinterOptions, 'color'>;
  readonly color: string;
  readonly silentErrors: boolean;
  readonly printRawFilters: boolean;
  readonly printSql: boolean;
}

/** Everything there is: how `--all` reads in a request. */
export const ALL = 2n ** 64n - 1n;
const DEFAULT_NUMBER = 20n;

/** What the process around has to say to a call. */
export interface OptionSources {
  readonly env: Env;
  readonly nowNanos: bigint;
  /** Hubble's configuration file; the path is what `--config` says. */
  readonly readConfig: (named: string | undefined) => Promise<HubbleConfig>;
  /** Receives a line about a deprecated spelling. */
  readonly warn?: (line: string) => void;
  /** Called once it is known that messages for debugging are wanted, before anything is refused. */
  readonly debugging?: () => void;
}

/** Reads flags, environment and Hubble's configuration. Throws `input/invalid`. */
export async function readOptions(
  args: readonly string[],
  sources: OptionSources,
): Promise<ObserveOptions | 'help'> {
  const values = new FlagValues();
  const flags = observeFlags(values);
  const word = firstWord(flags, args);
  const events = word === 'agent-events' || word === 'debug-events';
  parseArgs(events ? flags.filter(({ name }) => !FLOW_FLAGS.has(name)) : flags, args);
  if (values.switches.help === true) return 'help';
  return events ? refuseEvents(word, values, sources) : optionsOf(values, sources);
}

/** Events of the agent are refused, after all that Hubble would refuse before it asks for them. */
async function refuseEvents(
  word: string,
  values: FlagValues,
  sources: OptionSources,
): Promise<never> {
  await placeOf(values, sources);
  outputOf(values);
  momentOf(values, 'since', sources.nowNanos, 'hubble');
  if (values.switches.follow !== true) momentOf(values, 'until', sources.nowNanos, 'hubble');
  throw inputError(`${word} cannot be observed: relays do not serve them, so none are stored`);
}

/** What the flags in a values, the environment and Hubble's configuration say together. Throws `input/invalid`. */
export async function optionsOf(
  values: FlagValues,
  sources: OptionSources,
): Promise<ObserveOptions> {
  const { env, nowNanos } = sources;
  const { text, switches, lists } = values;
  const { settings, target, server, tls } = await placeOf(values, sources);
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
  const selection = selectionOf(values, nowNanos);
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
    target,
    server,
    tls,
    // That of the environment is for Parallax; a relay is shown one only when it is named.
    token: tokenOf(text['token-file'], target.kind === 'relay' ? {} : env),
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

/** Whom to ask, and how. */
async function placeOf(values: FlagValues, { env, readConfig, debugging }: OptionSources) {
  const settings = new Settings(values, env, await readConfig(values.text.config));
  if (settings.switch('debug')) debugging?.();
  const target = targetOf(values, env, settings);
  const server = readServerSettings(settings, target);
  return { settings, target, server, tls: server.tls ? await tlsOptions(server) : undefined };
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

function selectionOf(values: FlagValues, nowNanos: bigint) {
  const { numbers, switches, text } = values;
  const last = numbers.last ?? 0n;
  const first = numbers.first ?? 0n;
  const all = switches.all === true;
  const follow = switches.follow === true;
  if (first > 0n && last > 0n) throw inputError('cannot set both --first and --last');
  if (first > 0n && all) throw inputError('cannot set both --first and --all');
  if (first > 0n && follow) throw inputError('cannot set both --first and --follow');
  if (last > 0n && all) throw inputError('cannot set both --last and --all');
  // A file is answered as Hubble answers it; everywhere else days and weeks are understood too.
  const fromFile = (text['input-file'] ?? '') !== '';
  const moment = (name: 'since' | 'until') =>
    momentOf(values, name, nowNanos, fromFile ? 'hubble' : 'days');
  const since = moment('since');
  const until = follow ? undefined : moment('until');
  let number = first > 0n ? first : last;
  if (since === undefined && until === undefined && first === 0n) {
    if (all) number = ALL;
    else if (last === 0n && !follow && !fromFile) number = DEFAULT_NUMBER;
  }
  const untilIgnored = follow && (text.until ?? '') !== '';
  return { number, first: first > 0n, follow, since, until, untilIgnored };
}

function momentOf(
  values: FlagValues,
  name: 'since' | 'until',
  nowNanos: bigint,
  units: DurationUnits,
): bigint | undefined {
  const text = values.text[name];
  if (text === undefined || text === '') return undefined;
  let moment: bigint;
  try {
    moment = parseMoment(text, nowNanos, units);
  } catch (error) {
    throw prefixed(`failed to parse the ${name} time: `, error);
  }
  const why = timestampProblem(fromNanos(moment));
  if (why === undefined) return moment;
  throw inputError(`failed to convert \`${name}\` timestamp to proto: proto: ${why}`);
}

function rawFilterLists(name: 'allowlist' | 'denylist', settings: Settings): FlowFilter[] {
  try {
    return settings.list(name).flatMap(filtersFromJson);
  } catch (error) {
    throw prefixed(`invalid --${name} flag: `, error);
  }
}

function prefixed(prefix: string, error: unknown): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return inputError(prefix + why, { cause: error });
}
