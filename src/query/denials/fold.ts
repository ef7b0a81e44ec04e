// Folding: a drop by a deny rule whose policy verdict never arrived names no policy (a leftover). It is counted into the
// incident of the same traffic that names one, if there is exactly one.

import { DropReason } from '../../hubble/proto/schema.gen.ts';
import { type IncidentFacts, isLeftover } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import { bigint, rows, text } from '../../store/rows.ts';
import { param, sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import type { Counted } from './counted.ts';
import { chunks, type KnownFacts, readFacts, TRAFFIC_KEY, trafficKey } from './facts.ts';

export interface Folded extends Counted {
  /** Incidents that were counted into it. */
  readonly folded: readonly bigint[];
}

/** Folds the leftovers among the incidents that were counted in a window. */
export async function fold(
  store: Reader,
  counted: readonly Counted[],
  options?: QueryOptions,
): Promise<Folded[]> {
  if (!counted.some(isLeftover)) return counted.map((each) => ({ ...each, folded: [] }));
  const ids = counted.filter(isExplicit).map(({ incident }) => incident);
  const facts = await readFacts(store, ids, options);
  return foldKnown(counted, (id) => {
    const known = facts.get(id);
    return known && trafficKey(known);
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

/** Those of the leftovers for which exactly one stored incident of the same traffic names the policy. */
export async function readFoldable(
  store: Reader,
  leftovers: readonly IncidentFacts[],
  options?: QueryOptions,
): Promise<ReadonlySet<bigint>> {
  const byTraffic = new Map(leftovers.map((each) => [trafficKey(each), each.incident]));
  const found = new Set<bigint>();
  for (const keys of chunks([...byTraffic.keys()], 200)) {
    const statement = sql`SELECT traffic FROM (
        SELECT incident, ${TRAFFIC_KEY} AS traffic FROM ${table('incidents')} WHERE policies != '')
      WHERE traffic IN ${param(keys, 'Array(String)')}
      GROUP BY traffic HAVING uniqExact(incident) = 1`;
    for await (const { traffic } of rows(store, statement, { traffic: text }, options)) {
      const incident = byTraffic.get(traffic);
      if (incident !== undefined) found.add(incident);
    }
  }
  return found;
}

/** Incidents that may be counted into this one, or it into them: itself, and those that differ in policies only. */
export async function relatives(
  store: Reader,
  known: KnownFacts,
  options?: QueryOptions,
): Promise<bigint[]> {
  const { POLICY_DENY } = DropReason.numbers;
  if (known.code !== POLICY_DENY) return [known.incident];
  const statement = sql`SELECT DISTINCT incident FROM ${table('incidents')}
    WHERE cluster = ${param(known.cluster, 'String')} AND drop_reason_desc = ${param(POLICY_DENY, 'UInt16')}
      AND destination_port = ${param(known.port, 'UInt16')}
      AND ${TRAFFIC_KEY} = ${param(trafficKey(known), 'String')}`;
  const found: bigint[] = [];
  for await (const { incident } of rows(store, statement, { incident: bigint }, options))
    found.push(incident);
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
