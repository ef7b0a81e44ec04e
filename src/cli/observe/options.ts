// What a call of `parallax observe` asks for: read from flags and environment, checked, in Hubble's words where Hubble
// has words for it.

import {
  BARE_FLAGS,
  FILTER_FLAGS,
  FilterBuilder,
  type FilterLists,
} from '../../hubble/filter/flags.ts';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { parseMoment } from '../../hubble/filter/since.ts';
import { parseUint } from '../../hubble/filter/values.ts';
import { type Output, outputNamed, type PrinterOptions } from '../../hubble/print/printer.ts';
import { Flow } from '../../hubble/schema.gen.ts';
import type { MessageType } from '../../hubble/schema.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { type Flag, parseArgs, parseBool } from './args.ts';

export interface ObserveOptions extends FilterLists {
  /** How many; 0 is no limit. */
  readonly number: bigint;
  readonly first: boolean;
  readonly follow: boolean;
  /** Nanoseconds since 1970, both inclusive. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly inputFile: string | undefined;
  readonly server: string | undefined;
  readonly dataDir: string | undefined;
  readonly printer: Omit<PrinterOptions, 'color'>;
  readonly color: string;
  readonly silentErrors: boolean;
  readonly printRawFilters: boolean;
  readonly help: boolean;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Everything there is: how `--all` reads in a request. */
export const ALL = 2n ** 64n - 1n;
const DEFAULT_NUMBER = 20n;

/** Flags of Hubble that have no meaning here yet; each is refused by name rather than ignored. */
const UNSUPPORTED: readonly string[] = [
  'tls',
  'tls-allow-insecure',
  'tls-ca-cert-files',
  'tls-client-cert-file',
  'tls-client-key-file',
  'tls-server-name',
  'basic-auth-username',
  'basic-auth-password',
  'port-forward',
  'port-forward-port',
  'kube-context',
  'kube-namespace',
  'kubeconfig',
  'timeout',
  'request-timeout',
  'config',
];

const FILTER_SHORTS: Readonly<Record<string, string>> = {
  type: 't',
  namespace: 'n',
  'all-namespaces': 'A',
  label: 'l',
  ipv4: '4',
  ipv6: '6',
};

const FILTER_HELP: Readonly<Record<string, string>> = {
  not: 'Negates the filter after it',
  uuid: 'Flow with this uuid',
  'node-name': 'Observing node: NODE, CLUSTER/NODE or CLUSTER/, with *',
  'node-label': 'Label selector over the observing node',
  protocol: 'tcp, udp, icmp, icmpv4, icmpv6, sctp, vrrp, igmp, http, dns or kafka',
  'tcp-flags': 'Flags all set, such as SYN,ACK',
  type: 'Event: drop, trace, policy-verdict, l7, capture, trace-sock, with :SUBTYPE',
  verdict: 'FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED or TRANSLATED',
  'drop-reason-desc': 'Drop reason, such as POLICY_DENIED',
  'http-status': 'Status, such as 404, or its beginning: 5+',
  'http-method': 'HTTP method',
  'http-path': 'Regular expression over the path of the URL',
  'http-url': 'Regular expression over the URL',
  'http-header': 'Header, as NAME:VALUE',
  'trace-id': 'Trace id of the request',
  'ip-trace-id': 'IP trace id',
  fqdn: 'DNS name of an end, with *',
  ip: 'Address or network of an end',
  'snat-ip': 'Address of the source after translation',
  ipv4: 'IPv4 flows only',
  ipv6: 'IPv6 flows only',
  'ip-version': 'none, v4 or v6',
  pod: 'Pod of an end: NAMESPACE/NAME (a beginning will do), /NAME in any namespace, NAME in default',
  namespace: 'Namespace of an end',
  'all-namespaces': 'Pods of any namespace',
  label: 'Label selector over an end, such as app=web,tier!=db',
  service: 'Service of an end, as --pod',
  port: 'Port of an end',
  workload: 'Workload of an end: NAME, KIND/NAME or KIND/',
  identity: 'Identity of an end: number, or host, world, remote-node, …',
  cluster: 'Cluster of an end',
  'traffic-direction': 'ingress or egress',
  'cel-expression': 'CEL over the flow, called _flow, such as _flow.verdict == Verdict.DROPPED',
  interface: 'Network interface',
  encrypted: 'Encrypted flows only',
  unencrypted: 'Flows that are not encrypted only',
};

class Draft {
  readonly filters = new FilterBuilder();
  readonly text: Record<string, string> = {};
  readonly lists: Record<string, string[]> = { allowlist: [], denylist: [] };
  readonly switches: Record<string, boolean> = { 'ip-translation': true };
  readonly numbers: Record<string, bigint> = {};
}

/** The flags of observe, each writing into `draft`. */
function observeFlags(draft: Draft): Flag[] {
  const text = (name: string, help: string, short?: string): Flag => ({
    name,
    help,
    ...(short === undefined ? {} : { short }),
    set: (value) => {
      draft.text[name] = value;
    },
  });
  const list = (name: string, help: string): Flag => ({
    name,
    help,
    value: 'json',
    set: (value) => draft.lists[name]?.push(value),
  });
  const toggle = (name: string, help: string, short?: string): Flag => ({
    name,
    help,
    bare: 'true',
    ...(short === undefined ? {} : { short }),
    set: (value) => {
      draft.switches[name] = parseBool(value);
    },
  });
  const number = (name: string, help: string): Flag => ({
    name,
    help,
    value: 'uint',
    set: (value) => {
      draft.numbers[name] = parseUint(value, 0, 64);
    },
  });
  return [
    toggle('all', 'Every flow stored'),
    number('last', 'The N newest flows (20 when nothing else is asked)'),
    number('first', 'The N oldest flows'),
    toggle('follow', 'New flows as they come', 'f'),
    text('since', 'From here on: 30m, 7d, 2026-03-14, 2026-03-14T10:00:00Z'),
    text('until', 'Up to here, like --since'),
    ...FILTER_FLAGS.map((name) => filterFlag(draft, name)),
    list('allowlist', 'FlowFilter as JSON; flows must match one'),
    list('denylist', 'FlowFilter as JSON; flows must match none'),
    text('output', 'compact, dict, json, jsonpb or table', 'o'),
    toggle('print-node-name', 'Print the observing node'),
    toggle('print-policy-names', 'Print the policies that allowed or denied'),
    text('time-format', 'StampMilli, RFC3339, RFC3339Milli, RFC3339Nano, YearMonthDay, …'),
    toggle('numeric', 'Addresses instead of names'),
    toggle('ip-translation', 'Names instead of addresses (the default)'),
    text('color', 'auto, always or never'),
    toggle('silent-errors', 'No messages on the error stream', 's'),
    toggle('print-raw-filters', 'Print the filters as JSON and end'),
    text('input-file', 'Read flows from a file of JSON lines, - for standard input'),
    text(
      'field-mask',
      'Not supported with stored flows; ignored with --input-file, as Hubble does',
    ),
    toggle('use-default-field-masks', 'Accepted for compatibility; all fields are always there'),
    text('server', 'URL of a Parallax server; PARALLAX_SERVER'),
    text('data-dir', 'Data directory to read; PARALLAX_DATA_DIR'),
    toggle('debug', 'Also print node status that only informs', 'D'),
    toggle('help', 'This text', 'h'),
  ];
}

/** Of `--from-x` and `--to-x`, the help of `--x`. */
function filterHelp(name: string): string {
  const [, direction, base = ''] = /^(from-|to-)?(.*)$/.exec(name) ?? [];
  const help = FILTER_HELP[base] ?? '';
  if (direction === undefined) return help;
  return `${direction === 'from-' ? 'Source' : 'Destination'}: see --${base}`;
}

function filterFlag(draft: Draft, name: string): Flag {
  const short = FILTER_SHORTS[name];
  return {
    name,
    help: filterHelp(name),
    ...(short === undefined ? {} : { short }),
    ...(BARE_FLAGS.has(name) ? { bare: 'true' } : {}),
    set: (value) => draft.filters.set(name, value),
  };
}

/** The flags for the help text, in its order. */
export function helpFlags(): Flag[] {
  return observeFlags(new Draft());
}

/** Reads flags and environment. Throws `input/invalid`. */
export function readOptions(args: readonly string[], env: Env, nowNanos: bigint): ObserveOptions {
  const draft = new Draft();
  const flags = observeFlags(draft);
  const words = parseArgs([...flags, ...UNSUPPORTED.map(unsupportedFlag)], args);
  const [word] = words;
  if (word === 'agent-events' || word === 'debug-events')
    throw invalid(`${word} cannot be observed: relays do not serve them, so none are stored`);
  const { text, switches, lists } = draft;
  const built = draft.filters.build();
  const output = outputOf(text.output);
  checkMask(text['field-mask'], text.output, output, text['input-file']);
  const selection = selectionOf(draft, output, nowNanos);
  const raw = (name: 'allowlist' | 'denylist') => rawFilterLists(name, lists[name] ?? [], env);
  return {
    whitelist: [...built.whitelist, ...raw('allowlist')],
    blacklist: [...built.blacklist, ...raw('denylist')],
    ...selection,
    inputFile: text['input-file'],
    server: text.server ?? env.PARALLAX_SERVER,
    dataDir: text['data-dir'] ?? env.PARALLAX_DATA_DIR,
    printer: {
      output,
      nodeName: switches['print-node-name'] === true,
      policyNames: switches['print-policy-names'] === true,
      ipTranslation: switches['ip-translation'] !== false && switches.numeric !== true,
      timeFormat: text['time-format'] ?? 'StampMilli',
      debug: switches.debug === true || env.HUBBLE_DEBUG === 'true',
      legacyJson: (env.HUBBLE_COMPAT ?? '').split(',').includes('legacy-json-output'),
    },
    color: text.color ?? 'auto',
    silentErrors: switches['silent-errors'] === true,
    printRawFilters: switches['print-raw-filters'] === true,
    help: switches.help === true,
  };
}

function unsupportedFlag(name: string): Flag {
  return {
    name,
    help: '',
    bare: 'true',
    set: () => {
      throw invalid('parallax reads its own store and does not support this flag');
    },
  };
}

function outputOf(name: string | undefined): Output {
  const output = outputNamed(name ?? 'compact');
  if (output === undefined) throw invalid(`invalid output format: ${name}`);
  return output;
}

function checkMask(
  mask: string | undefined,
  name: string | undefined,
  output: Output,
  inputFile: string | undefined,
): void {
  if (mask === undefined) return;
  if (output !== 'json' && output !== 'jsonpb')
    throw invalid(`${name ?? output} output format is not compatible with custom field mask`);
  const unknown = mask.split(',').find((path) => !hasPath(Flow, path));
  if (unknown !== undefined)
    throw invalid(
      `failed to construct field mask: proto: invalid path ${JSON.stringify(unknown)} for message "flow.Flow"`,
    );
  if (inputFile === undefined)
    throw invalid('--field-mask is not supported with stored flows: all fields are printed');
}

/** Whether a field mask may name the path: lists can only be its end. */
function hasPath(type: MessageType, path: string): boolean {
  const [name = '', ...rest] = path.split('.');
  const field = type.fields.find((each) => each.name === name);
  if (field === undefined || rest.length === 0) return field !== undefined;
  return field.kind === 'message' && !field.repeated && hasPath(field.type, rest.join('.'));
}

function selectionOf(draft: Draft, output: Output, nowNanos: bigint) {
  const { numbers, switches, text } = draft;
  const last = numbers.last ?? 0n;
  const first = numbers.first ?? 0n;
  const all = switches.all === true;
  const follow = switches.follow === true;
  if (first > 0n && last > 0n) throw invalid('cannot set both --first and --last');
  if (first > 0n && all) throw invalid('cannot set both --first and --all');
  if (first > 0n && follow) throw invalid('cannot set both --first and --follow');
  if (last > 0n && all) throw invalid('cannot set both --last and --all');
  if (output === 'table' && follow)
    throw invalid('table output format is not compatible with follow mode');
  const moment = (name: 'since' | 'until') => momentOf(text[name], name, nowNanos);
  const since = moment('since');
  // Hubble ignores --until with --follow; a file ends by itself, so there it does no harm.
  if (follow && text.until !== undefined && text['input-file'] === undefined)
    throw invalid('cannot set both --until and --follow: a stream of new flows has no end');
  const until = follow ? undefined : moment('until');
  let number = first > 0n ? first : last;
  if (since === undefined && until === undefined && first === 0n) {
    if (all) number = ALL;
    else if (last === 0n && !follow && text['input-file'] === undefined) number = DEFAULT_NUMBER;
  }
  return { number, first: first > 0n, follow, since, until };
}

function momentOf(text: string | undefined, name: string, nowNanos: bigint): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return parseMoment(text, nowNanos);
  } catch (error) {
    throw prefixed(`failed to parse the ${name} time: `, error);
  }
}

// From the environment, the lists are split on white space.
function rawFilterLists(name: 'allowlist' | 'denylist', given: readonly string[], env: Env) {
  const fromEnv = env[`HUBBLE_${name.toUpperCase()}`]?.split(/\s+/).filter((text) => text !== '');
  const texts = given.length > 0 ? given : (fromEnv ?? []);
  try {
    return texts.flatMap(filtersFromJson);
  } catch (error) {
    throw prefixed(`invalid --${name} flag: `, error);
  }
}

function prefixed(prefix: string, error: unknown): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return new ParallaxError('input/invalid', prefix + why, { cause: error });
}

function invalid(message: string): ParallaxError {
  return new ParallaxError('input/invalid', message);
}
