// Filters incident documents: all conditions must hold, of a list any value. Used by the feed and by notifiers.
import { type Prefix, parseAddress, parsePrefix } from '../hubble/filter/address.ts';
import { type Incident, type IncidentEnd, incidentPolicyText } from './incident.ts';

/** Patterns take `*` for any text. Absent conditions match everything. */
export interface IncidentConditions {
  /** Keys of the clusters that deny. */
  readonly cluster?: readonly string[] | undefined;
  readonly fromCluster?: readonly string[] | undefined;
  readonly toCluster?: readonly string[] | undefined;
  /** Both clusters are known and are two; false: all others. */
  readonly crossCluster?: boolean | undefined;
  /** Of either end. */
  readonly namespace?: readonly string[] | undefined;
  readonly fromNamespace?: readonly string[] | undefined;
  readonly toNamespace?: readonly string[] | undefined;
  /** Of either end: `name`, `namespace/name`, `namespace/Kind/name`, or what an end without workload is called. */
  readonly workload?: readonly string[] | undefined;
  readonly fromWorkload?: readonly string[] | undefined;
  readonly toWorkload?: readonly string[] | undefined;
  /** Of either end that has no workload: what it is called, or a prefix that it lies in. */
  readonly peer?: readonly string[] | undefined;
  readonly fromPeer?: readonly string[] | undefined;
  readonly toPeer?: readonly string[] | undefined;
  /** `name`, `namespace/name`, `Kind namespace/name`, or `none`. */
  readonly policy?: readonly string[] | undefined;
  /** Drop reason in Hubble's word, such as `POLICY_DENIED`, or how it is denied, such as `default-deny`. */
  readonly reason?: readonly string[] | undefined;
  readonly direction?: readonly string[] | undefined;
  readonly protocol?: readonly string[] | undefined;
  readonly port?: readonly number[] | undefined;
  readonly verdict?: readonly string[] | undefined;
}

export interface IncidentFilter extends IncidentConditions {
  /** Excludes documents that match any of these. */
  readonly not?: IncidentConditions | readonly IncidentConditions[] | undefined;
}

export type IncidentPredicate = (incident: Incident) => boolean;

/** Without a word about the verdict, what was only audited is left out. */
export function compileIncidentFilter({ not, ...wanted }: IncidentFilter): IncidentPredicate {
  const { verdict = ['DROPPED'], ...rest } = wanted;
  const wants = all({ verdict, ...rest });
  // One that says nothing would refuse everything.
  const refuses = [not ?? []].flat().filter(saysSomething).map(all);
  return (incident) => wants(incident) && !refuses.some((refused) => refused(incident));
}

function saysSomething(conditions: IncidentConditions): boolean {
  return Object.values(conditions).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined,
  );
}

function all(conditions: IncidentConditions): IncidentPredicate {
  const parts: IncidentPredicate[] = [];
  const add = (
    patterns: readonly string[] | undefined,
    values: (incident: Incident) => readonly string[],
  ) => {
    if (patterns === undefined || patterns.length === 0) return;
    const matches = anyOf(patterns);
    parts.push((incident) => values(incident).some(matches));
  };
  const { port, crossCluster } = conditions;
  const addPeers = (
    patterns: readonly string[] | undefined,
    ends: (incident: Incident) => readonly IncidentEnd[],
  ) => {
    if (patterns === undefined || patterns.length === 0) return;
    const matches = anyPeer(patterns);
    parts.push((incident) => ends(incident).some(matches));
  };
  add(conditions.cluster, ({ cluster }) => [cluster]);
  add(conditions.fromCluster, ({ source }) => [source.cluster]);
  add(conditions.toCluster, ({ destination }) => [destination.cluster]);
  add(conditions.namespace, ({ source, destination }) => [source.namespace, destination.namespace]);
  add(conditions.fromNamespace, ({ source }) => [source.namespace]);
  add(conditions.toNamespace, ({ destination }) => [destination.namespace]);
  add(conditions.workload, ({ source, destination }) => [...names(source), ...names(destination)]);
  add(conditions.fromWorkload, ({ source }) => names(source));
  add(conditions.toWorkload, ({ destination }) => names(destination));
  addPeers(conditions.peer, ({ source, destination }) => [source, destination]);
  addPeers(conditions.fromPeer, ({ source }) => [source]);
  addPeers(conditions.toPeer, ({ destination }) => [destination]);
  add(conditions.policy, policyNames);
  add(conditions.reason, ({ reason, how }) => [reason, how]);
  add(conditions.direction, ({ direction }) => [direction]);
  add(conditions.protocol, ({ protocol }) => [protocol]);
  add(conditions.verdict, ({ verdict }) => [verdict]);
  if (port !== undefined && port.length > 0) parts.push((incident) => port.includes(incident.port));
  if (crossCluster !== undefined) parts.push((incident) => isCross(incident) === crossCluster);
  return (incident) => parts.every((holds) => holds(incident));
}

function isCross({ source, destination }: Incident): boolean {
  const known = source.cluster !== '' && destination.cluster !== '';
  return known && source.cluster !== destination.cluster;
}

const CIDR = 'cidr:';

/** Of ends without a workload: by what they are called, or by where their addresses lie. */
function anyPeer(patterns: readonly string[]): (end: IncidentEnd) => boolean {
  const ranges = patterns.map(rangeOf).filter((range) => range !== undefined);
  const named = anyOf(patterns.filter((each) => rangeOf(each) === undefined));
  return ({ workload, peer, text }) => {
    if (workload !== '') return false;
    const own = peer.startsWith(CIDR) ? peer.slice(CIDR.length) : peer;
    const range = ranges.length === 0 ? undefined : rangeOf(own);
    const lies = ({ bits, first, last }: Prefix) =>
      range !== undefined && range.bits === bits && first <= range.first && range.last <= last;
    return ranges.some(lies) || [peer, own, text].some(named);
  };
}

/** An address is a range of one. */
function rangeOf(text: string): Prefix | undefined {
  const address = parseAddress(text);
  if (address === undefined) return parsePrefix(text);
  const { bits, value } = address;
  return { bits, first: value, last: value, length: bits };
}

function names({ workload, peer, text }: IncidentEnd): string[] {
  if (workload === '') return [peer, text];
  return [workload, text, workload.split('/').slice(2).join('/')];
}

function policyNames({ policies }: Incident): string[] {
  if (policies.length === 0) return ['none'];
  return policies.flatMap((policy) => [
    incidentPolicyText(policy),
    incidentPolicyText({ ...policy, kind: '' }),
    policy.name,
  ]);
}

function anyOf(patterns: readonly string[]): (value: string) => boolean {
  const exact = new Set(patterns.filter((each) => !each.includes('*')).map(folded));
  const globs = patterns
    .filter((each) => each.includes('*'))
    .map((each) => folded(each).split('*'));
  return (value) => {
    const text = folded(value);
    return exact.has(text) || globs.some((parts) => matchesGlob(parts, text));
  };
}

function folded(text: string): string {
  return text.toLowerCase();
}

/** Left to right, each part at its first place: no pattern takes more than a walk along the text. */
function matchesGlob(parts: readonly string[], text: string): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
