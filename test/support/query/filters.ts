// Filters made of what a set of flows holds, so that they select something, and of what they do not hold.
import fc from 'fast-check';
import { parseSelector } from '../../../src/hubble/filter/labels.ts';
import type { Endpoint, Flow, FlowFilter } from '../../../src/hubble/proto/schema.gen.ts';

const L4 = ['tcp', 'udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'vrrp', 'igmp'];
const PROTOCOLS = [...L4, 'dns', 'http', 'kafka', 'TCP'];
const PATTERNS = ['.', '^$', '', '[a-z]+\\d', '(?i)HTTP', '\\.com', 'a|b', '^/v\\d', 'é', '\\pL'];
const HOSTILE = ["'", '\\', "' OR 1 = 1 --", '{p1:String}', '%', '\n', '\u0000', '`', '☃'];

function pool<T>(flows: readonly Flow[], of: (flow: Flow) => readonly (T | undefined)[]): T[] {
  const found = new Set(flows.flatMap(of));
  found.delete(undefined);
  return [...found] as T[];
}

function oneOf<T>(values: readonly T[], more: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values, ...more);
}

/** Texts of the flows with some of their characters cut off or put between wild cards. */
function partsOf(texts: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(oneOf(texts, ['x']), fc.nat(12))
    .map(([text, cut]) => [...text].slice(0, -cut || 99).join(''));
}

const wildcard = (texts: readonly string[]) =>
  partsOf(texts.filter((text) => /^[-.0-9_a-z]+$/i.test(text)))
    .map((text) => text.replace(/\.+$/, '') || 'x')
    .chain((text) => fc.constantFrom(text, `*${text}`, `${text}*`, '*'));

/** Names of clusters, and patterns of them: stars for their beginnings, ends and middles. */
const clusterName = (names: readonly string[]) =>
  fc.oneof(
    oneOf(names, HOSTILE),
    fc
      .tuple(oneOf(names.length > 0 ? names : ['x'], ['nope', "'"]), fc.nat(12), fc.nat(12))
      .map(([name, from, length]) => `${name.slice(0, from)}*${name.slice(from + length)}`),
    fc.constantFrom('*', '**', '*-*', 'liz-cm-*', '*lab', '*.+', "*' OR 1=1 --"),
  );

/** Any FlowFilter that Hubble takes, CEL left out. */
export function filtersOf(flows: readonly Flow[]): fc.Arbitrary<FlowFilter> {
  const both = <T>(of: (end: Endpoint) => readonly (T | undefined)[]) =>
    pool(flows, ({ source, destination }) => [
      ...(source ? of(source) : []),
      ...(destination ? of(destination) : []),
    ]);
  const addresses = pool(flows, ({ IP }) => [IP?.source, IP?.destination, IP?.source_xlated]);
  const valid = addresses.filter(
    (text) => /^[0-9.]+$|^[0-9a-f:]+$/.test(text) && text !== '10.0.0.300',
  );
  const names = both(({ namespace = '', pod_name = '' }) => [`${namespace}/${pod_name}`]);
  const services = pool(flows, ({ source_service: a, destination_service: b }) =>
    [a, b].map((each) => each && `${each.namespace ?? ''}/${each.name ?? ''}`),
  );
  const labels = both(({ labels = [] }) => labels);
  const workloads = both(({ workloads = [] }) => workloads.map((each) => each));
  const events = pool(flows, ({ event_type }) => [event_type?.type]);
  const nodes = pool(flows, ({ node_name }) => [node_name]).filter((n) => /^[-./\w]+$/.test(n));
  const dns = pool(flows, ({ source_names = [], destination_names = [] }) => [
    ...source_names,
    ...destination_names,
  ]);
  const http = pool(flows, ({ l7 }) => [l7?.http]);

  const ip = fc.oneof(
    oneOf(valid, ['192.0.2.1', '::']),
    fc.tuple(oneOf(valid, ['192.0.2.1']), fc.nat(128)).map(([text, bits]) => {
      return `${text}/${Math.min(bits, text.includes(':') ? 128 : 32)}`;
    }),
  );
  const name = (texts: readonly string[]) =>
    fc.oneof(
      partsOf(texts).filter((text) => text !== ''),
      fc.constantFrom('/', 'default', 'farfaraway/', '/x', 'a/b/c', ...HOSTILE),
    );
  const requirement = fc
    .tuple(oneOf(labels, ['nope=1']), fc.nat(7))
    .map(([label, form]) => selectorOf(label, form))
    .filter(isSelector);
  const label = fc
    .array(requirement, { minLength: 1, maxLength: 2 })
    .map((requirements) => requirements.join(','));
  const workload = fc
    .tuple(oneOf(workloads, [{ name: 'x', kind: 'Pod' }]), fc.nat(3))
    .map(([{ name = '', kind = '' }, form]) => ({
      ...(form & 1 ? { name } : {}),
      ...(form & 2 ? { kind } : {}),
    }));
  const list = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: 1, maxLength: 3 });
  const side = (of: 'source' | 'destination') => ({
    [`${of}_ip`]: list(ip),
    [`${of}_pod`]: list(name(names)),
    [`${of}_service`]: list(name(services)),
    [`${of}_fqdn`]: list(wildcard(dns)),
    [`${of}_label`]: list(label),
    [`${of}_workload`]: list(workload),
    [`${of}_cluster_name`]: list(clusterName(both(({ cluster_name }) => [cluster_name]))),
    [`${of}_port`]: list(oneOf(['80', '53', '443', '8080'], ['0', '65535', '4464'])),
    [`${of}_identity`]: list(
      oneOf(
        both(({ identity }) => [identity]),
        [0, 1, 2],
      ),
    ),
  });
  const texts = (values: readonly string[]) => list(oneOf(values, HOSTILE));
  const pattern = list(oneOf(PATTERNS, ['kafka', 'GET', 'page/[0-9]+$']));
  const fields = {
    ...side('source'),
    ...side('destination'),
    source_ip_xlated: list(ip),
    uuid: texts(pool(flows, ({ uuid }) => [uuid])),
    verdict: list(fc.nat(8)),
    traffic_direction: list(fc.nat(2)),
    drop_reason_desc: list(
      oneOf(
        pool(flows, (flow) => [flow.drop_reason_desc]),
        [0, 133, 181],
      ),
    ),
    interface: list(
      oneOf(
        pool(flows, (flow) => [flow.interface]),
        [{}, { index: 5 }, { name: 'eth0' }],
      ),
    ),
    event_type: list(
      fc
        .tuple(oneOf(events, [0]), fc.boolean(), fc.nat(15))
        .map(([type, match_sub_type, sub_type]) => ({ type, match_sub_type, sub_type })),
    ),
    protocol: list(oneOf(PROTOCOLS, [])),
    reply: list(fc.boolean()),
    dns_query: pattern,
    http_status_code: list(fc.constantFrom('200', '404', '5+', '2+', '40+', '418')),
    http_method: texts(['get', 'POST', 'PUT', '']),
    http_path: pattern,
    http_url: pattern,
    http_header: list(
      oneOf(
        http.flatMap(({ headers = [] }) => headers),
        [{ key: 'X', value: "'" }, {}],
      ),
    ),
    tcp_flags: list(fc.constantFrom({}, { SYN: true }, { ACK: true, PSH: true }, { NS: true })),
    node_name: list(
      fc.oneof(
        wildcard(nodes.map((node) => node.split('/').at(-1) ?? '')),
        fc.constantFrom('liz-cm-eks-6/', 'default/', '/kind-*', '*/*worker*'),
      ),
    ),
    node_labels: list(label),
    ip_version: list(fc.nat(2)),
    trace_id: texts(['']),
    ip_trace_id: list(
      oneOf(
        pool(flows, (flow) => [flow.ip_trace_id?.trace_id]),
        [0n, 42n],
      ),
    ),
    encrypted: list(fc.boolean()),
  };
  return fc
    .subarray(Object.keys(fields), { minLength: 1, maxLength: 3 })
    .chain((keys) =>
      fc.record(Object.fromEntries(keys.map((key) => [key, fields[key as keyof typeof fields]]))),
    )
    .map((filter) => withL7(filter as FlowFilter));
}

function isSelector(text: string): boolean {
  try {
    parseSelector(text);
    return true;
  } catch {
    return false;
  }
}

function selectorOf(label: string, form: number): string {
  const [, source, key = 'x', value = ''] = /^([^:=]*:)?([^=]*)=?(.*)$/.exec(label) ?? [];
  const name = form & 1 ? `${source ?? ''}${key}` : key;
  switch (form >> 1) {
    case 0:
      return `${name}=${value}`;
    case 1:
      return form & 1 ? name : `!${name}`;
    case 2:
      return `${name} in (${value}, other)`;
    default:
      return form & 1 ? `${name}!=${value}` : `${name} > 3`;
  }
}

/** HTTP filters beside other event types are refused. */
function withL7(filter: FlowFilter): FlowFilter {
  const http = Object.keys(filter).some((key) => key.startsWith('http_'));
  return http && filter.event_type ? { ...filter, event_type: [{ type: 129 }] } : filter;
}
