// One overview per scope, since each caches its answers for some seconds.
import { LRUCache } from 'lru-cache';
import { type Scope, scopedStore, scopeKey } from '../read/scope.ts';
import { createOverview, type Overview, type OverviewDeps } from './overview.ts';

/** Scopes whose overviews are kept. */
const MAX = 100;

/** `whole` is the overview of everything. */
export function createOverviews(
  whole: Overview,
  deps: Pick<OverviewDeps, 'store' | 'clock' | 'config' | 'version'>,
): (scope: Scope | undefined) => Overview {
  const kept = new LRUCache<string, Overview>({ max: MAX });
  return (scope) => {
    if (scope === undefined) return whole;
    const key = scopeKey(scope);
    const known =
      kept.get(key) ?? createOverview({ ...deps, store: scopedStore(deps.store, scope) });
    kept.set(key, known);
    return known;
  };
}
