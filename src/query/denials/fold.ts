// A drop that a deny rule made, whose policy verdict never came, does not name the policy. Where exactly one incident of
// the same traffic names one, it is of that incident.

import { DropReason } from '../../hubble/proto/schema.gen.ts';
import { isLeftover } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import type { Counted } from './counted.ts';
import { type KnownFacts, readFacts } from './facts.ts';
import { trafficText } from './incident-traffic.ts';

export interface Folded extends Counted {
  /** Incidents that were counted into it. */
  readonly folded: readonly bigint[];
}

export async function fold(
  store: Reader,
  counted: readonly Counted[],
  signal?: AbortSignal,
): Promise<Folded[]> {
  const whole = (each: Counted): Folded => ({ ...each, folded: [] });
  if (!counted.some(isLeftover)) return counted.map(whole);
  const ids = counted.filter(isExplicit).map(({ incident }) => incident);
  const facts = await readFacts(store, ids, signal);
  return foldKnown(counted, (id) => {
    const known = facts.get(id);
    return known && trafficText(known);
  });
}

/** `family` is the same for incidents that differ in their policies only. */
export function foldKnown(
  counted: readonly Counted[],
  family: (incident: bigint) => string | undefined,
): Folded[] {
  const named = new Map<string, Counted[]>();
  for (const each of counted) {
    const key = isExplicit(each) && each.namesPolicy ? family(each.incident) : undefined;
    if (key !== undefined) named.set(key, [...(named.get(key) ?? []), each]);
  }
  const into = new Map<bigint, Counted[]>();
  const left = counted.filter((each) => {
    const [sibling, another] = isLeftover(each)
      ? (named.get(family(each.incident) ?? '') ?? [])
      : [];
    if (sibling === undefined || another !== undefined) return true;
    into.set(sibling.incident, [...(into.get(sibling.incident) ?? []), each]);
    return false;
  });
  return left.map((each) =>
    (into.get(each.incident) ?? []).reduce(merged, { ...each, folded: [] }),
  );
}

/** Incidents that may be counted into this one, or it into them: itself, and those that differ in policies only. */
export async function relatives(
  store: Reader,
  known: KnownFacts,
  signal?: AbortSignal,
): Promise<bigint[]> {
  if (known.code !== DropReason.numbers.POLICY_DENY) return [known.incident];
  const { cluster, verdict, direction, code, protocol, port, source, destination } = known;
  const sql =
    'SELECT DISTINCT incident FROM incidents WHERE cluster = {cluster:String} AND verdict = {verdict:UInt8} ' +
    'AND traffic_direction = {direction:UInt8} AND drop_reason_desc = {code:UInt16} ' +
    'AND l4_protocol = {protocol:UInt8} AND destination_port = {port:UInt16} ' +
    'AND [source_cluster, source_namespace, source_workload, source_peer] = {source:Array(String)} ' +
    'AND [destination_cluster, destination_namespace, destination_workload, destination_peer] = {destination:Array(String)}';
  const end = (each: KnownFacts['source']) => [
    each.cluster,
    each.namespace,
    each.workload,
    each.peer,
  ];
  const params = {
    ...{ cluster, verdict, direction, code, protocol, port },
    source: end(source),
    destination: end(destination),
  };
  const found: bigint[] = [];
  for await (const [id] of store.query(sql, params, signal && { signal }))
    found.push(BigInt(String(id)));
  return found;
}

function merged(whole: Folded, part: Counted): Folded {
  return {
    ...whole,
    drops: whole.drops + part.drops,
    first: earlier(part.first, whole.first),
    last: later(part.last, whole.last),
    folded: [...whole.folded, part.incident],
  };
}

function isExplicit({ code }: Counted): boolean {
  return code === DropReason.numbers.POLICY_DENY;
}
