// A drop that a deny rule made, whose policy verdict never came, does not name the policy. Where exactly one incident of
// the same traffic names one, it is of that incident.
import { DropReason } from '../../hubble/schema.gen.ts';
import type { Store } from '../../store/store.ts';
import type { Counted } from './counted.ts';
import { type KnownFacts, readFacts } from './facts.ts';

export interface Folded extends Counted {
  /** Incidents that were counted into it. */
  readonly folded: readonly bigint[];
}

export async function fold(
  store: Pick<Store, 'query'>,
  counted: readonly Counted[],
  signal?: AbortSignal,
): Promise<Folded[]> {
  const whole = (each: Counted): Folded => ({ ...each, folded: [] });
  if (!counted.some(isLeftover)) return counted.map(whole);
  const ids = counted.filter(isExplicit).map(({ incident }) => incident);
  const facts = await readFacts(store, ids, signal);
  return foldKnown(counted, (id) => {
    const known = facts.get(id);
    return known && familyOf(known);
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

function merged(whole: Folded, part: Counted): Folded {
  return {
    ...whole,
    drops: whole.drops + part.drops,
    first: part.first < whole.first ? part.first : whole.first,
    last: part.last > whole.last ? part.last : whole.last,
    folded: [...whole.folded, part.incident],
  };
}

function isExplicit({ code }: Counted): boolean {
  return code === DropReason.numbers.POLICY_DENY;
}

function isLeftover(each: Counted): boolean {
  return isExplicit(each) && !each.namesPolicy && each.verdicts === 0;
}

function familyOf({ cluster, verdict, direction, protocol, port, ...rest }: KnownFacts): string {
  const { source, destination } = rest;
  return JSON.stringify([cluster, verdict, direction, protocol, port, source, destination]);
}
