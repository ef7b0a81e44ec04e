// The filter flags. From this table come the flags of every command, their help and completion, the schemas of the API,
// the FlowFilter a flag makes and, for filters that compare one value, predicate and SQL. Other filters have their test
// in predicate.ts and their condition in src/query/sql.
import { RESERVED_IDENTITIES } from '../identity.ts';
import { DropReason, type Flow, type FlowFilter, Verdict } from '../proto/schema.gen.ts';
import { TCP_FLAGS } from './event.ts';
import { type FlagForm, numberForm, upTo, wordsForm } from './form.ts';
import {
  parseDirection,
  parseDropReason,
  parseEventType,
  parseHeader,
  parseIdentity,
  parseIpTraceId,
  parseIpVersion,
  parseTcpFlags,
  parseVerdict,
  parseWorkload,
} from './values.ts';

export type ListField = Exclude<keyof FlowFilter, 'experimental' | '$unknown'>;
type Ends<Field> = Field extends `destination_${infer Name}` ? Name : never;
type SidedField = Ends<ListField>;

/** A filter passes a flow whose value is one of its own. */
export interface Equality {
  readonly field: ListField;
  /** The flow's value; undefined never matches. Lost events and node status have no flow. */
  readonly of: (flow: Flow | undefined) => unknown;
  /** Column of `flows` with the same value, and its type there. */
  readonly column: string;
  readonly type: 'Int32' | 'UInt64' | 'String';
}

export interface FilterFlag {
  /** Without dashes; with `sided`, also `from-` and `to-` before it. */
  readonly name: string;
  readonly help: string;
  readonly sided: boolean;
  /** Field of the FlowFilter, for the source and for the destination; absent: the builder knows what to do. */
  readonly fields: { readonly source: ListField; readonly destination: ListField } | undefined;
  /** The field's element; throws `input/invalid`. */
  readonly parse: (text: string) => unknown;
  /** Takes no value. */
  readonly bare: boolean;
  readonly form: FlagForm | undefined;
  readonly equality: Equality | undefined;
  /** Denials keep what it looks at. */
  readonly denials: boolean;
}

interface Options {
  readonly field?: ListField;
  /** In place of `field`, for a filter of either end: `source_` and `destination_` are put before it. */
  readonly ends?: SidedField;
  readonly sided?: true;
  readonly parse?: (text: string) => unknown;
  readonly bare?: true;
  readonly form?: FlagForm;
  readonly denials?: false;
  readonly equals?: Omit<Equality, 'field'>;
}

const NAMED: FlagForm = { minLength: 1 };
const PROTOCOLS = ['http', 'dns', 'kafka', 'icmp', 'icmpv4', 'icmpv6', 'tcp', 'udp', 'sctp'];
/** As Go reads numbers of 32 bits, but for underscores among their digits and zeros before them. */
const UINT32 = `0[xX][0-9a-fA-F]{1,8}|0[bB][01]{1,32}|0[oO]?[0-7]{1,10}|0|${upTo(2n ** 32n - 1n)}`;

/** In the order of the help. */
export const FILTERS: readonly FilterFlag[] = [
  filter('uuid', 'Flow with this uuid', { field: 'uuid' }),
  filter('node-name', 'Observing node: NODE, CLUSTER/NODE or CLUSTER/, with *', {
    field: 'node_name',
  }),
  filter('node-label', 'Label selector for the observing node', {
    field: 'node_labels',
    denials: false,
  }),
  filter('protocol', 'tcp, udp, icmp, icmpv4, icmpv6, sctp, vrrp, igmp, http, dns or kafka', {
    field: 'protocol',
    form: wordsForm([...PROTOCOLS, 'vrrp', 'igmp']),
  }),
  filter('tcp-flags', 'TCP flags that are all set, such as SYN,ACK', {
    field: 'tcp_flags',
    parse: parseTcpFlags,
    form: wordsForm(
      TCP_FLAGS.map((name) => name.toLowerCase()),
      true,
    ),
    denials: false,
  }),
  filter('type', 'Event: drop, trace, policy-verdict, l7, capture, trace-sock, with :SUBTYPE', {
    field: 'event_type',
    parse: parseEventType,
    denials: false,
  }),
  filter('verdict', 'FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED or TRANSLATED', {
    field: 'verdict',
    parse: parseVerdict,
    form: { enum: Object.keys(Verdict.numbers) },
    equals: { of: (flow) => flow && (flow.verdict ?? 0), column: 'verdict', type: 'Int32' },
  }),
  filter('drop-reason-desc', 'Drop reason, such as POLICY_DENIED', {
    field: 'drop_reason_desc',
    parse: parseDropReason,
    form: { enum: Object.keys(DropReason.numbers) },
  }),
  filter('http-status', 'Status code, such as 404, or a prefix: 5+', {
    field: 'http_status_code',
    form: numberForm('([1-5][0-9]{2}|[1-5][0-9]?\\+)', 100, 599),
    denials: false,
  }),
  filter('http-method', 'HTTP method', { field: 'http_method' }),
  filter('http-path', 'Regular expression that the path of the URL matches', {
    field: 'http_path',
    denials: false,
  }),
  filter('http-url', 'Regular expression that the URL matches', { field: 'http_url' }),
  filter('http-header', 'Header, as NAME:VALUE', {
    field: 'http_header',
    parse: parseHeader,
    form: { pattern: ':' },
    denials: false,
  }),
  filter('trace-id', 'Trace id of the request', {
    field: 'trace_id',
    equals: {
      of: (flow) => flow?.trace_context?.parent?.trace_id ?? '',
      column: 'trace_id',
      type: 'String',
    },
    denials: false,
  }),
  filter('ip-trace-id', 'IP trace id', {
    field: 'ip_trace_id',
    parse: parseIpTraceId,
    form: numberForm(`0*(${upTo(2n ** 64n - 1n)})`, 1, Number.MAX_SAFE_INTEGER),
    equals: {
      of: (flow) => flow?.ip_trace_id?.trace_id ?? 0n,
      column: 'ip_trace_id',
      type: 'UInt64',
    },
    denials: false,
  }),
  filter('snat-ip', 'Source address after SNAT', {
    field: 'source_ip_xlated',
    denials: false,
  }),
  filter('ipv4', 'IPv4 flows only', { field: 'ip_version', parse: () => 1, bare: true }),
  filter('ipv6', 'IPv6 flows only', { field: 'ip_version', parse: () => 2, bare: true }),
  filter('ip-version', 'none, v4 or v6', {
    field: 'ip_version',
    parse: parseIpVersion,
    equals: {
      of: (flow) => flow && (flow.IP?.ipVersion ?? 0),
      column: 'ip_version',
      type: 'Int32',
    },
  }),
  filter('traffic-direction', 'ingress or egress', {
    field: 'traffic_direction',
    parse: parseDirection,
    form: wordsForm(['ingress', 'egress']),
    equals: {
      of: (flow) => flow && (flow.traffic_direction ?? 0),
      column: 'traffic_direction',
      type: 'Int32',
    },
  }),
  filter('interface', 'Network interface', {
    field: 'interface',
    parse: (name) => (name === '' ? {} : { name }),
    denials: false,
  }),
  filter('encrypted', 'Encrypted flows only', {
    field: 'encrypted',
    parse: () => true,
    bare: true,
    equals: { of: (flow) => flow?.IP?.encrypted ?? false, column: 'ip_encrypted', type: 'Int32' },
    denials: false,
  }),
  filter('unencrypted', 'Unencrypted flows only', {
    field: 'encrypted',
    parse: () => false,
    bare: true,
    denials: false,
  }),
  filter('cluster', 'Cluster of an end, with *', { ends: 'cluster_name', form: NAMED }),
  filter('fqdn', 'DNS name of an end, with *', { ends: 'fqdn' }),
  filter('ip', 'Address or network of an end', { ends: 'ip' }),
  filter(
    'pod',
    'Pod of an end: NAMESPACE/NAME (or a prefix of it), /NAME in any namespace, NAME in default',
    { ends: 'pod', form: NAMED },
  ),
  filter('label', 'Label selector for an end, such as app=web,tier!=db', { ends: 'label' }),
  filter('service', 'Service of an end, written like a pod', { ends: 'service', form: NAMED }),
  filter('port', 'Port of an end', {
    ends: 'port',
    form: numberForm(`0*(0|${upTo(65_535n)})`, 0, 65_535),
  }),
  filter('workload', 'Workload of an end: NAME, KIND/NAME or KIND/', {
    ends: 'workload',
    parse: parseWorkload,
  }),
  filter('identity', 'Identity of an end: number, or host, world, remote-node, …', {
    ends: 'identity',
    parse: parseIdentity,
    form: numberForm(`(${RESERVED_IDENTITIES.slice(1).join('|')}|${UINT32})`, 0, 2 ** 32 - 1),
  }),
  filter('namespace', 'Namespace of an end', { sided: true }),
  filter('all-namespaces', 'Pods of any namespace', { sided: true, bare: true }),
  filter('cel-expression', 'CEL expression over _flow; several are alternatives', {
    denials: false,
  }),
];

function filter(name: string, help: string, options: Options): FilterFlag {
  const { field, ends, equals } = options;
  const fields =
    ends === undefined
      ? field && { source: field, destination: field }
      : ({ source: `source_${ends}`, destination: `destination_${ends}` } as const);
  return {
    name,
    help,
    sided: ends !== undefined || options.sided === true,
    fields,
    parse: options.parse ?? ((text) => text),
    bare: options.bare === true,
    form: options.form,
    equality: field && equals && { field, ...equals },
    denials: options.denials !== false,
  };
}

/** Names of all filter flags, without dashes. `not` is one of them. */
export const FILTER_FLAGS: readonly string[] = [
  'not',
  ...FILTERS.flatMap(({ name, sided }) => (sided ? [name, `from-${name}`, `to-${name}`] : [name])),
];

/** Names of values that are not the last word of their flag. */
const VALUES: Readonly<Record<string, string>> = {
  'node-label': 'selector',
  label: 'selector',
  'drop-reason-desc': 'reason',
  'http-path': 'regex',
  'http-url': 'regex',
  'http-header': 'name:value',
};

const BY_NAME: ReadonlyMap<string, FilterFlag> = new Map(FILTERS.map((each) => [each.name, each]));

/** The filter of a flag and the end it is about; undefined for other flags. */
export function filterOf(
  flag: string,
): { readonly filter: FilterFlag; readonly end: 'source' | 'destination' | undefined } | undefined {
  const [, direction, base = ''] = /^(from-|to-)?(.*)$/.exec(flag) ?? [];
  const filter = BY_NAME.get(base);
  if (filter === undefined || (direction !== undefined && !filter.sided)) return undefined;
  const end = direction && (direction === 'from-' ? 'source' : 'destination');
  return { filter, end: end === '' ? undefined : end };
}

/** Whether a flag takes no value. */
export function isBareFlag(flag: string): boolean {
  return flag === 'not' || filterOf(flag)?.filter.bare === true;
}

/** What the value of a filter flag is, as help shows it: `pod`, `regex`. */
export function filterValue(flag: string): string {
  const name = filterOf(flag)?.filter.name ?? flag;
  return VALUES[name] ?? name.split('-').at(-1) ?? name;
}

/** Help of a filter flag; that of `--from-x` and `--to-x` refers to `--x`. */
export function filterHelp(flag: string): string {
  if (flag === 'not') return 'Negates the filter after it';
  const { filter, end } = filterOf(flag) ?? {};
  if (end === undefined) return filter?.help ?? '';
  return `${end === 'source' ? 'Source' : 'Destination'}: see --${filter?.name}`;
}
