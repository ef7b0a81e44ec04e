// FlowFilter fields of the source and destination: addresses, names, identities, ports.
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { quoted } from '../print/text.ts';
import type { Endpoint, Flow, FlowFilter, Service, Workload } from '../proto/schema.gen.ts';
import {
  type Address,
  addressProblem,
  contains,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixProblem,
} from './address.ts';
import { some, type Test } from './condition.ts';
import { labelSet, matchesSelector, parseSelector, type Selector } from './labels.ts';
import { clusterPattern, fqdnPattern } from './pattern.ts';
import { parseUint } from './values.ts';

const SIDES = ['source', 'destination'] as const;

/** A pod or service filter: exact namespace (undefined: any) and the beginning of the name. */
export interface NamePrefix {
  readonly namespace: string | undefined;
  readonly prefix: string;
}

/** An address filter: the text itself, or a network. */
export type AddressFilter = { readonly text: string } | { readonly network: Prefix };

export function* identityTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const identity = filter[`${side}_identity`];
    if (some(identity))
      yield (flow) => {
        const endpoint = flow?.[side];
        return endpoint !== undefined && identity.includes(endpoint.identity ?? 0);
      };
  }
}

export function* addressTests(filter: FlowFilter): Generator<Test> {
  const { source_ip, destination_ip, source_ip_xlated } = filter;
  if (some(source_ip)) yield addressTest(source_ip, ({ IP }) => IP?.source);
  if (some(destination_ip)) yield addressTest(destination_ip, ({ IP }) => IP?.destination);
  if (some(source_ip_xlated)) yield addressTest(source_ip_xlated, ({ IP }) => IP?.source_xlated);
}

export function* podTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const pod = filter[`${side}_pod`];
    if (!some(pod)) continue;
    const prefixes = pod.map(namePrefix);
    yield (flow) => nameMatches(prefixes, flow?.[side]?.namespace, flow?.[side]?.pod_name);
  }
}

export function* workloadTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const workload = filter[`${side}_workload`];
    if (!some(workload)) continue;
    for (const each of workload) checkWorkload(each, side);
    yield (flow) => flow?.[side]?.workloads?.some((seen) => workloadIn(workload, seen)) === true;
  }
}

export function* serviceTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const service = filter[`${side}_service`];
    if (some(service)) yield serviceTest(service, side, (flow) => flow?.[`${side}_service`]);
  }
}

export function* fqdnTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const fqdn = filter[`${side}_fqdn`];
    if (!some(fqdn)) continue;
    const patterns = fqdn.map(fqdnPattern);
    yield (flow) =>
      flow?.[`${side}_names`]?.some((name) => patterns.some((each) => each.test(name))) === true;
  }
}

export function* labelTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const label = filter[`${side}_label`];
    if (some(label)) yield labelTest(label, side, (flow) => flow?.[side]?.labels);
  }
  const { node_labels } = filter;
  if (some(node_labels)) yield labelTest(node_labels, 'node', (flow) => flow?.node_labels);
}

export function* portTests(filter: FlowFilter): Generator<Test> {
  for (const side of SIDES) {
    const port = filter[`${side}_port`];
    if (!some(port)) continue;
    const ports = new Set(port.map((text) => portNumber(text, side)));
    yield (flow) => {
      const seen = portOf(flow, side);
      return seen !== undefined && ports.has(seen & 0xffff);
    };
  }
}

/** Extensions of Hubble's filters. */
export interface FilterOptions {
  /** Stars in the names of clusters; without, they are characters like others, as in Hubble. */
  readonly clusterPatterns: boolean;
}

export function* clusterTests(filter: FlowFilter, options: FilterOptions): Generator<Test> {
  for (const side of SIDES) {
    const cluster = filter[`${side}_cluster_name`];
    if (!some(cluster)) continue;
    const patterns = cluster.map(clusterPattern);
    yield (flow) => {
      if (flow === undefined) return false;
      const name = clusterOf(flow[side]);
      if (cluster.includes(name)) return true;
      return options.clusterPatterns && patterns.some((each) => each?.test(name) === true);
    };
  }
}

function clusterOf(endpoint: Endpoint | undefined): string {
  return endpoint?.cluster_name ?? '';
}

/** Reads `ns/name`, `/name` (any namespace) or `name` (namespace `default`). */
export function namePrefix(text: string): NamePrefix {
  if (text === '') throw inputError('invalid filter, name must not be empty');
  const [first = '', second] = text.split('/');
  if (second === undefined) return { namespace: 'default', prefix: first };
  return { namespace: first === '' ? undefined : first, prefix: second };
}

function nameMatches(prefixes: readonly NamePrefix[], namespace = '', name = ''): boolean {
  if (namespace === '' && name === '') return false;
  return prefixes.some(
    (wanted) =>
      (wanted.namespace === undefined || wanted.namespace === namespace) &&
      name.startsWith(wanted.prefix),
  );
}

function serviceTest(
  names: readonly string[],
  side: string,
  of: (flow: Flow | undefined) => Service | undefined,
): Test {
  const prefixes = names.map((name) => servicePrefix(name, side));
  return (flow) => {
    const service = of(flow);
    return nameMatches(prefixes, service?.namespace, service?.name);
  };
}

/** As namePrefix, with the words Hubble puts before a refusal. */
export function servicePrefix(name: string, side: string): NamePrefix {
  try {
    return namePrefix(name);
  } catch (error) {
    throw prefixedError(`invalid ${side} service filter: `, error);
  }
}

/** Reads an address or a network, refusing as Hubble does. */
export function addressFilter(text: string): AddressFilter {
  if (text.includes('/')) {
    const network = parsePrefix(text);
    if (network === undefined)
      throw inputError(`invalid IP prefix ${quoted(text)} in filter: ${prefixProblem(text)}`);
    return { network };
  }
  if (parseAddress(text) === undefined)
    throw inputError(`invalid IP address ${quoted(text)} in filter: ${addressProblem(text)}`);
  return { text };
}

function addressTest(filters: readonly string[], of: (flow: Flow) => string | undefined): Test {
  const texts = new Set<string>();
  const networks: Prefix[] = [];
  for (const filter of filters.map(addressFilter)) {
    if ('text' in filter) texts.add(filter.text);
    else networks.push(filter.network);
  }
  return (flow) => {
    const text = flow === undefined ? undefined : of(flow);
    if (text === undefined) return false;
    if (texts.has(text)) return true;
    if (networks.length === 0) return false;
    const address: Address | undefined = parseAddress(text);
    return address !== undefined && networks.some((network) => contains(network, address));
  };
}

/** The port number of a filter. */
export function portNumber(text: string, side: string): number {
  try {
    return Number(parseUint(text, 10, 16));
  } catch (error) {
    throw prefixedError(`invalid ${side} port filter: invalid port ${quoted(text)}: `, error);
  }
}

function portOf(flow: Flow | undefined, side: 'source' | 'destination'): number | undefined {
  const l4 = flow?.l4;
  const transport = l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
  return transport === undefined ? undefined : (transport[`${side}_port`] ?? 0);
}

/** No name of Kubernetes is longer than 253; the engine's regular expressions end somewhere above. */
const MAX_WORKLOAD_CHARS = 1024;

export function checkWorkload({ name = '', kind = '' }: Workload, side: string): void {
  const { length } = name.length > kind.length ? name : kind;
  if (length > MAX_WORKLOAD_CHARS)
    throw inputError(
      `invalid ${side} workload filter: a name of ${length} characters, at most ${MAX_WORKLOAD_CHARS} are taken`,
    );
}

function workloadIn(wanted: readonly Workload[], seen: Workload): boolean {
  return wanted.some(
    ({ name = '', kind = '' }) =>
      (name === '' || name === (seen.name ?? '')) && (kind === '' || kind === (seen.kind ?? '')),
  );
}

function prefixedError(prefix: string, error: unknown): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return inputError(prefix + why, { cause: error });
}

/** Any of the selectors over the labels `of` finds; no labels at all still pass `!key` and its kind. */
function labelTest(
  selectors: readonly string[],
  what: string,
  of: (flow: Flow | undefined) => Endpoint['labels'] | undefined,
): Test {
  const parsed = selectors.map((text) => labelSelector(text, what));
  return (flow) => {
    const labels = labelSet(of(flow) ?? []);
    return parsed.some((selector) => matchesSelector(selector, labels));
  };
}

/** Reads a label filter, refusing as Hubble does. */
export function labelSelector(text: string, what: string): Selector {
  try {
    return parseSelector(text);
  } catch (error) {
    throw prefixedError(`invalid ${what} label filter: `, error);
  }
}
