// From the filter flags of `hubble observe`, in the order they were written, to the two lists of FlowFilters a request
// carries. A flag without direction splits the request in two filters, left (source) and right (destination), either
// of which may match.
import { inputError } from '../../runtime/errors.ts';
import type { FlowFilter } from '../proto/schema.gen.ts';
import { frozen } from './checked.ts';
import { conflictOf } from './conflicts.ts';
import { dropReasonNumber, verdictNumber } from './enums.ts';
import { applyNamespaces, type Namespaces, namespaceProblem } from './namespaces.ts';
import {
  parseDirection,
  parseEventType,
  parseHeader,
  parseIdentity,
  parseIpTraceId,
  parseIpVersion,
  parseTcpFlags,
  parseWorkload,
} from './values.ts';

type Draft = { -readonly [K in keyof FlowFilter]?: FlowFilter[K] };
type ListField = Exclude<keyof FlowFilter, 'experimental'>;

export interface FilterLists {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
}

/** What a flag without direction does: the value goes to both filters. */
interface PlainFlag {
  readonly field: ListField;
  readonly parse: (text: string) => unknown;
}

/** What `--x`, `--from-x` and `--to-x` do: the source's field and the destination's. */
interface SidedFlag {
  readonly source: ListField;
  readonly destination: ListField;
  readonly parse: (text: string) => unknown;
}

const asIs = (text: string) => text;

const PLAIN: Readonly<Record<string, PlainFlag>> = {
  uuid: { field: 'uuid', parse: asIs },
  'node-name': { field: 'node_name', parse: asIs },
  'node-label': { field: 'node_labels', parse: asIs },
  protocol: { field: 'protocol', parse: asIs },
  'tcp-flags': { field: 'tcp_flags', parse: parseTcpFlags },
  type: { field: 'event_type', parse: parseEventType },
  verdict: { field: 'verdict', parse: verdictNumber },
  'drop-reason-desc': { field: 'drop_reason_desc', parse: dropReasonNumber },
  'http-status': { field: 'http_status_code', parse: asIs },
  'http-method': { field: 'http_method', parse: asIs },
  'http-path': { field: 'http_path', parse: asIs },
  'http-url': { field: 'http_url', parse: asIs },
  'http-header': { field: 'http_header', parse: parseHeader },
  'trace-id': { field: 'trace_id', parse: asIs },
  'ip-trace-id': { field: 'ip_trace_id', parse: parseIpTraceId },
  'snat-ip': { field: 'source_ip_xlated', parse: asIs },
  ipv4: { field: 'ip_version', parse: () => 1 },
  ipv6: { field: 'ip_version', parse: () => 2 },
  'ip-version': { field: 'ip_version', parse: parseIpVersion },
  'traffic-direction': { field: 'traffic_direction', parse: parseDirection },
  interface: { field: 'interface', parse: (name) => (name === '' ? {} : { name }) },
  encrypted: { field: 'encrypted', parse: () => true },
  unencrypted: { field: 'encrypted', parse: () => false },
};

const SIDED: Readonly<Record<string, SidedFlag>> = {
  cluster: sided('cluster_name', asIs),
  fqdn: sided('fqdn', asIs),
  ip: sided('ip', asIs),
  pod: sided('pod', asIs),
  label: sided('label', asIs),
  service: sided('service', asIs),
  port: sided('port', asIs),
  workload: sided('workload', parseWorkload),
  identity: sided('identity', parseIdentity),
};

type SidedName =
  | 'cluster_name'
  | 'fqdn'
  | 'ip'
  | 'pod'
  | 'label'
  | 'service'
  | 'port'
  | 'workload'
  | 'identity';

function sided(name: SidedName, parse: (text: string) => unknown): SidedFlag {
  return { source: `source_${name}`, destination: `destination_${name}`, parse };
}

/** Names of all filter flags, without dashes. `not` is one of them. */
export const FILTER_FLAGS: readonly string[] = [
  'not',
  ...Object.keys(PLAIN),
  ...Object.keys(SIDED).flatMap((name) => [name, `from-${name}`, `to-${name}`]),
  ...['namespace', 'all-namespaces'].flatMap((name) => [name, `from-${name}`, `to-${name}`]),
  'cel-expression',
];

/** Flags that take no value. */
export const BARE_FLAGS: ReadonlySet<string> = new Set([
  'not',
  'ipv4',
  'ipv6',
  'all-namespaces',
  'from-all-namespaces',
  'to-all-namespaces',
  'encrypted',
  'unencrypted',
]);

class FilterPair {
  readonly left: Draft = {};
  readonly right: Draft = {};
  private readonly namespaces: Namespaces = { source: [], destination: [], either: [] };
  private readonly used = new Set<string>();

  set(flag: string, value: string): void {
    this.used.add(flag);
    const conflict = conflictOf(flag, this.used);
    if (conflict !== undefined)
      throw inputError(`filters --${conflict[0]} and --${conflict[1]} cannot be combined`);
    this.apply(flag, value);
    const problem = namespaceProblem(this.left, this.right, this.namespaces);
    if (problem !== undefined) throw inputError(problem);
  }

  private apply(flag: string, value: string): void {
    const plain = PLAIN[flag];
    if (plain !== undefined) {
      const parsed = plain.parse(value);
      push(this.left, plain.field, parsed);
      push(this.right, plain.field, parsed);
      return;
    }
    const [, direction, name = ''] = /^(from-|to-)?(.*)$/.exec(flag) ?? [];
    if (name === 'namespace' || name === 'all-namespaces') {
      const namespace = name === 'namespace' ? value : '';
      const side =
        direction === 'from-' ? 'source' : direction === 'to-' ? 'destination' : 'either';
      this.namespaces[side].push(namespace);
      return;
    }
    if (name === 'cel-expression') {
      const cel_expression = [...(this.left.experimental?.cel_expression ?? []), value];
      this.left.experimental = { cel_expression };
      this.right.experimental = { cel_expression };
      return;
    }
    const pair = SIDED[name];
    if (pair === undefined) throw inputError(`--${flag} is no filter`);
    const parsed = pair.parse(value);
    push(this.left, direction === 'to-' ? pair.destination : pair.source, parsed);
    push(this.right, direction === 'from-' ? pair.source : pair.destination, parsed);
  }

  filters(): FlowFilter[] {
    if (this.used.size === 0) return [];
    const left = applyNamespaces(this.left, this.namespaces, 'source');
    const right = applyNamespaces(this.right, this.namespaces, 'destination');
    return same(left, right) ? [left] : [left, right];
  }
}

function push(draft: Draft, field: ListField, value: unknown): void {
  // The tables above pair each field with the parser of its element type.
  const list = (draft[field] ?? []) as unknown[];
  (draft as Record<string, unknown>)[field] = [...list, value];
}

function same(a: FlowFilter, b: FlowFilter): boolean {
  const text = (filter: FlowFilter) =>
    JSON.stringify(filter, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  return text(a) === text(b);
}

/** Takes flags one by one; every refusal is thrown as `input/invalid` at the flag that caused it. */
export class FilterBuilder {
  private readonly allow = new FilterPair();
  private readonly deny = new FilterPair();
  private negated = false;

  set(flag: string, value: string): void {
    if (flag === 'not') {
      if (this.negated) throw inputError('consecutive --not statements');
      this.negated = true;
      return;
    }
    (this.negated ? this.deny : this.allow).set(flag, value);
    this.negated = false;
  }

  /** The filters so far. Throws when a `--not` waits for its flag. */
  build(): FilterLists {
    if (this.negated) throw inputError('trailing --not found in the arguments');
    return { whitelist: frozen(this.allow.filters()), blacklist: frozen(this.deny.filters()) };
  }
}
