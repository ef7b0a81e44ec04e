import { EVENT_TYPES, enumName, POLICY_MATCHES } from '../../hubble/names.ts';
import { DropReason, Verdict } from '../../hubble/proto/schema.gen.ts';
import { timeText } from '../../hubble/proto/timestamp.ts';
import { type L7Summary, summarizeL7 } from './l7.ts';
import type { Observation, PolicyNamed } from './observation.ts';
import type { Side } from './orient.ts';

export interface DropCount {
  /** Hubble's name of it, such as POLICY_DENIED. */
  readonly reason: string;
  readonly code: number;
  /** A drop and the policy verdict it came with are one. */
  readonly count: number;
}

export interface EventCounts {
  readonly trace: number;
  readonly policyVerdict: number;
  readonly drop: number;
  readonly l7Request: number;
  readonly l7Response: number;
  readonly other: number;
}

export interface View {
  /** Key of the observing cluster. */
  readonly cluster: string;
  readonly nodes: readonly string[];
  readonly first: string;
  readonly last: string;
  readonly flows: number;
  /** The weightiest of its verdicts. */
  readonly verdict: string;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly events: EventCounts;
  /** Flows of the server's answers. */
  readonly replies: number;
  readonly drops: readonly DropCount[];
  /** On what policy verdicts matched. */
  readonly matches: readonly string[];
  /** Policies that let it pass here, from flows that passed. */
  readonly allowedBy: readonly PolicyNamed[];
  /** Policies that denied it here, where the flow names them. */
  readonly deniedBy: readonly PolicyNamed[];
  readonly l7?: L7Summary;
}

export const VERDICT = Verdict.numbers;
/** From the weightiest down. */
const WEIGHTS: readonly number[] = [
  VERDICT.DROPPED,
  VERDICT.ERROR,
  VERDICT.AUDIT,
  VERDICT.REDIRECTED,
  VERDICT.FORWARDED,
  VERDICT.TRANSLATED,
  VERDICT.TRACED,
  VERDICT.VERDICT_UNKNOWN,
];

/** Of the flows seen on one side, in order of time; `replies` says which of them answer. */
export function viewOf(
  seen: readonly Observation[],
  side: Side,
  isAnswer: (each: Observation) => boolean,
): View | undefined {
  const [first] = seen;
  if (first === undefined) return undefined;
  const last = seen.at(-1) ?? first;
  const verdicts = countBy(seen, ({ verdict }) => verdict);
  const weightiest = WEIGHTS.find((verdict) => verdicts.has(verdict)) ?? first.verdict;
  const passed = seen.filter(({ verdict }) => verdict !== VERDICT.DROPPED);
  const sent = side === 'source';
  const l7 = summarizeL7(seen);
  return {
    cluster: first.observer,
    nodes: distinct(seen.map(({ node }) => node)),
    first: timeText(first.time),
    last: timeText(last.time),
    flows: seen.length,
    verdict: enumName(Verdict, weightiest),
    verdicts: Object.fromEntries(
      [...verdicts].map(([verdict, count]) => [enumName(Verdict, verdict), count]),
    ),
    events: eventsOf(seen),
    replies: seen.filter(isAnswer).length,
    drops: dropsOf(seen),
    matches: distinct(
      seen
        .filter(({ event }) => event === EVENT_TYPES['policy-verdict'])
        .map(({ match }) => POLICY_MATCHES[match] ?? String(match)),
    ),
    // The other direction's names may be there too, and those of what allowed a packet that was dropped later: neither
    // says who decided here.
    allowedBy: policies(
      passed.flatMap((each) => (sent ? each.egressAllowedBy : each.ingressAllowedBy)),
    ),
    deniedBy: policies(seen.flatMap((each) => (sent ? each.egressDeniedBy : each.ingressDeniedBy))),
    ...(l7 && { l7 }),
  };
}

function eventsOf(seen: readonly Observation[]): EventCounts {
  const counts = { trace: 0, policyVerdict: 0, drop: 0, l7Request: 0, l7Response: 0, other: 0 };
  for (const { event, l7, l7Type, verdict } of seen) {
    if (event === EVENT_TYPES.l7 || l7 !== undefined)
      counts[l7Type === 1 ? 'l7Request' : l7Type === 2 ? 'l7Response' : 'other']++;
    else if (event === EVENT_TYPES['policy-verdict']) counts.policyVerdict++;
    // Exports that leave the event type out still say the verdict.
    else if (event === EVENT_TYPES.drop || (event === 0 && verdict === VERDICT.DROPPED))
      counts.drop++;
    else if (event === EVENT_TYPES.trace) counts.trace++;
    else counts.other++;
  }
  return counts;
}

function dropsOf(seen: readonly Observation[]): DropCount[] {
  const dropped = seen.filter(({ verdict }) => verdict === VERDICT.DROPPED);
  return [...countBy(dropped, ({ dropReason }) => dropReason)].map(([code]) => {
    const same = dropped.filter(({ dropReason }) => dropReason === code);
    const decided = same.filter(({ event }) => event === EVENT_TYPES['policy-verdict']).length;
    return {
      reason: enumName(DropReason, code),
      code,
      count: Math.max(decided, same.length - decided),
    };
  });
}

function policies(list: readonly PolicyNamed[]): PolicyNamed[] {
  const byName = new Map(list.map((each) => [policyText(each), each]));
  return [...byName.values()];
}

export function policyText({ kind, namespace, name }: PolicyNamed): string {
  return `${kind === '' ? '' : `${kind} `}${namespace === '' ? '' : `${namespace}/`}${name}`;
}

export function countBy<K>(
  list: readonly Observation[],
  key: (each: Observation) => K,
): Map<K, number> {
  const counts = new Map<K, number>();
  for (const each of list) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  return counts;
}

export function distinct<T>(list: Iterable<T>): T[] {
  return [...new Set(list)];
}
