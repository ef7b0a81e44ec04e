// What each filter flag finds, in a few words: for the help of the command and the document of the API.
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

/** What a filter flag finds; of `--from-x` and `--to-x`, a pointer to `--x`. */
export function filterHelp(name: string): string {
  const [, direction, base = ''] = /^(from-|to-)?(.*)$/.exec(name) ?? [];
  const help = FILTER_HELP[base] ?? '';
  if (direction === undefined) return help;
  return `${direction === 'from-' ? 'Source' : 'Destination'}: see --${base}`;
}
