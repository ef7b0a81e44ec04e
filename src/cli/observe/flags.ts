// The flags of observe, each writing what it was given into a draft; their help.
import { BARE_FLAGS, FILTER_FLAGS } from '../../hubble/filter/flags.ts';
import type { Flag } from './args.ts';
import { Draft, flagKinds } from './draft.ts';
import { serverFlags } from './server.ts';

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
  cluster: 'Cluster of an end, with *',
  'traffic-direction': 'ingress or egress',
  'cel-expression': 'CEL expression over _flow; several are alternatives',
  interface: 'Network interface',
  encrypted: 'Encrypted flows only',
  unencrypted: 'Flows that are not encrypted only',
};

/** The flags of observe, in the order of its help. */
export function observeFlags(draft: Draft): Flag[] {
  const { text, toggle, number, list, commaList } = flagKinds(draft);
  return [
    toggle({ name: 'all', help: 'Every flow stored' }),
    number({ name: 'last', help: 'The N newest flows (20 when nothing else is asked)' }, 64),
    number({ name: 'first', help: 'The N oldest flows' }, 64),
    toggle({ name: 'follow', short: 'f', help: 'New flows as they come' }),
    text({ name: 'since', help: 'From here on: 30m, 7d, 2026-03-14, 2026-03-14T10:00:00Z' }),
    text({ name: 'until', help: 'Up to here, like --since' }),
    ...FILTER_FLAGS.map((name) => filterFlag(draft, name)),
    list({ name: 'allowlist', value: 'json', help: 'FlowFilter as JSON; flows must match one' }),
    list({ name: 'denylist', value: 'json', help: 'FlowFilter as JSON; flows must match none' }),
    commaList({
      name: 'aggregate-by',
      value: 'dimensions',
      help: 'Count the flows by these, such as source.workload,verdict; help with --aggregate-by= --help',
    }),
    text({ name: 'output', short: 'o', help: 'compact, dict, json, jsonpb or table' }),
    toggle({ name: 'print-node-name', help: 'Print the observing node' }),
    toggle({
      name: 'print-policy-names',
      help: 'Print the policies that allowed or denied',
    }),
    text({
      name: 'time-format',
      help: 'StampMilli, RFC3339, RFC3339Milli, RFC3339Nano, YearMonthDay, …',
    }),
    toggle({ name: 'numeric', help: 'Addresses instead of names' }),
    toggle({ name: 'ip-translation', help: 'Names instead of addresses (the default)' }),
    text({ name: 'color', help: 'auto, always or never' }),
    toggle({ name: 'silent-errors', short: 's', help: 'No messages on the error stream' }),
    toggle({ name: 'print-raw-filters', help: 'Print the filters as JSON and end' }),
    toggle({
      name: 'print-sql',
      help: 'Print the SQL that history would be asked with, and its parameters, and end',
    }),
    text({
      name: 'input-file',
      help: 'Read flows from a file of JSON lines, - for standard input',
    }),
    commaList({
      name: 'field-mask',
      value: 'paths',
      help: 'Fields of the flow to print, such as time,source.pod_name; with json output',
    }),
    toggle({
      name: 'use-default-field-masks',
      help: 'Ask a relay only for what the layout prints (the default)',
    }),
    text({ name: 'data-dir', help: 'Data directory to read; PARALLAX_DATA_DIR' }),
    ...serverFlags(draft),
    toggle({ name: 'debug', short: 'D', help: 'Say what is asked, and all news about nodes' }),
    toggle({ name: 'help', short: 'h', help: 'This text' }),
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
