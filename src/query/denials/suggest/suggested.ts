// The policy suggested for a stored incident.
import type { Reader } from '../../../store/store.ts';
import { type DetailQuery, detailOf, wholeIncident } from '../detail.ts';
import { readVariants } from '../variants.ts';
import { type PolicyDocument, type PolicyKind, type Suggestion, suggestPolicy } from './suggest.ts';
import { suggestionYaml } from './suggest-yaml.ts';

export interface Suggested extends Omit<Suggestion, 'policy'> {
  /** Null when no policy opens it. */
  readonly policy: PolicyDocument | null;
  readonly incident: string;
  /** The policy with the evidence as comments; comments alone where there is none. */
  readonly yaml: string;
}

export async function suggestStored(
  store: Reader,
  query: DetailQuery & { readonly kind?: PolicyKind | undefined },
  signal?: AbortSignal,
): Promise<Suggested> {
  const whole = await wholeIncident(store, query, signal);
  const detail = await detailOf(store, whole, query, signal);
  const { incident, ids, range } = whole;
  const clusters = { source: incident.source.cluster, destination: incident.destination.cluster };
  const { variants, cut } = await readVariants(store, ids, range, clusters, signal);
  const suggestion = suggestPolicy({ incident, variants, cut, kind: query.kind });
  return {
    incident: incident.id,
    ...suggestion,
    policy: suggestion.policy ?? null,
    yaml: suggestionYaml(suggestion, detail),
  };
}
