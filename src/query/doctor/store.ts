import type { Reader } from '../../store/store.ts';
import { arrivalFindings } from './arrivals.ts';
import { engineFindings } from './engine.ts';
import type { Finding } from './finding.ts';
import { identityFindings, type KnownCluster } from './identities.ts';
import { coverageFindings, registryFindings } from './ledger.ts';

export interface StoreChecks {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far back rows are looked at, milliseconds. */
  readonly window: number;
  readonly clusters: readonly KnownCluster[];
}

/** Runs every check; one that cannot be run is a finding, not an end. */
export async function storeFindings(
  store: Reader,
  { now, window, clusters }: StoreChecks,
  signal: AbortSignal,
): Promise<Finding[]> {
  const names = clusters.map(({ name }) => name);
  const checks = [
    engineFindings(store, signal),
    arrivalFindings(store, { now, window, clusters: names }, signal),
    identityFindings(store, { from: now - window, clusters }, signal),
    coverageFindings(store, { now, window }, signal),
    registryFindings(store, signal),
  ];
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      for await (const finding of check) findings.push(finding);
    } catch (error) {
      signal.throwIfAborted();
      findings.push({
        check: 'store-answers',
        severity: 'problem',
        what: 'the store did not answer a check',
        evidence: error instanceof Error ? error.message : String(error),
        cure: 'see the log of the store; for limits, raise store.reader',
      });
    }
  }
  return findings;
}
