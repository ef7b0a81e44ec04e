// FlowFilters as a predicate over responses. It defines the meaning of a filter; SQL is tested against it.
import { inputError } from '../../runtime/errors.ts';
import { compileCel, type Failed } from '../cel/compile.ts';
import type { Flow, FlowFilter, GetFlowsResponse } from '../proto/schema.gen.ts';
import { FILTERS } from './catalogue.ts';
import { checked } from './checked.ts';
import { some, type Test } from './condition.ts';
import {
  addressTests,
  clusterTests,
  type FilterOptions,
  fqdnTests,
  identityTests,
  labelTests,
  podTests,
  portTests,
  serviceTests,
  workloadTests,
} from './endpoint.ts';
import { dnsTests, eventTypeTests, interfaceTests, protocolTests, tcpTests } from './event.ts';
import { httpTests } from './http.ts';
import { nodeNamePattern, qualifiedNodeName } from './pattern.ts';

export type Predicate = (response: GetFlowsResponse) => boolean;

export interface PredicateOptions extends Partial<FilterOptions> {
  readonly failed?: Failed;
}

const DEFAULTS: Required<PredicateOptions> = { clusterPatterns: true, failed: () => {} };

/** Whether a response passes. Throws `input/invalid` when a filter cannot be understood. */
export function compilePredicate(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
  options: PredicateOptions = {},
): Predicate {
  limitPatterns([...whitelist, ...blacklist]);
  const compile = (filter: FlowFilter) => compileFilter(filter, { ...DEFAULTS, ...options });
  const allow = checked(whitelist).map(compile);
  const deny = checked(blacklist).map(compile);
  return ({ flow }) =>
    (allow.length === 0 || allow.some((test) => test(flow))) && !deny.some((test) => test(flow));
}

/** A compiled pattern takes 5 kB, and up to 70 kB when it has seen texts of many kinds. */
const MAX_PATTERNS = 1000;

function limitPatterns(filters: readonly FlowFilter[]): void {
  const count = filters.reduce(
    (sum, { dns_query = [], http_path = [], http_url = [] }) =>
      sum + dns_query.length + http_path.length + http_url.length,
    0,
  );
  if (count <= MAX_PATTERNS) return;
  throw inputError(
    `${count} patterns in one request are more than the ${MAX_PATTERNS} allowed; join them with |`,
  );
}

function compileFilter(filter: FlowFilter, options: Required<PredicateOptions>): Test {
  const tests = [...fieldTests(filter, options)];
  return (flow) => tests.every((test) => test(flow));
}

// In Hubble's order: of several fields that cannot be understood, the first in it is complained about.
function* fieldTests(filter: FlowFilter, options: Required<PredicateOptions>): Generator<Test> {
  const { uuid } = filter;
  if (some(uuid)) yield (flow) => flow !== undefined && uuid.includes(flow.uuid ?? '');
  yield* equalityTests(filter);
  yield* eventTypeTests(filter);
  yield* verdictTests(filter);
  yield* identityTests(filter);
  yield* protocolTests(filter);
  yield* addressTests(filter);
  yield* podTests(filter);
  yield* workloadTests(filter);
  yield* serviceTests(filter);
  yield* fqdnTests(filter);
  yield* dnsTests(filter);
  yield* labelTests(filter);
  yield* portTests(filter);
  yield* httpTests(filter);
  yield* tcpTests(filter);
  yield* nodeTests(filter);
  yield* clusterTests(filter, options);
  const expressions = filter.experimental?.cel_expression;
  if (some(expressions)) {
    const test = compileCel(expressions);
    yield (flow) => test(flow, options.failed);
  }
  yield* interfaceTests(filter);
}

function* verdictTests(filter: FlowFilter): Generator<Test> {
  const { drop_reason_desc, reply } = filter;
  if (some(drop_reason_desc))
    yield (flow) =>
      flow?.verdict === DROPPED && drop_reason_desc.includes(flow.drop_reason_desc ?? 0);
  if (some(reply)) yield (flow) => replyMatches(flow, reply);
}

function* equalityTests(filter: FlowFilter): Generator<Test> {
  for (const { equality } of FILTERS) {
    const wanted: readonly unknown[] | undefined = equality && filter[equality.field];
    if (equality && some(wanted)) yield (flow) => wanted.includes(equality.of(flow));
  }
}

const DROPPED = 2;

// `is_reply` of a drop is unknown; Hubble treats it as false.
function replyMatches(flow: Flow | undefined, wanted: readonly boolean[]): boolean {
  if (flow === undefined) return false;
  if (flow.is_reply !== undefined) return wanted.includes(flow.is_reply);
  return flow.verdict === DROPPED && wanted.includes(false);
}

function* nodeTests({ node_name }: FlowFilter): Generator<Test> {
  if (!some(node_name)) return;
  const patterns = node_name.map(nodeNamePattern);
  yield (flow) => {
    const name = flow?.node_name ?? '';
    if (name === '') return false;
    const qualified = qualifiedNodeName(name);
    return patterns.some((pattern) => pattern.test(qualified));
  };
}
