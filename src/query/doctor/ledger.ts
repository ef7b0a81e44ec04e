// Findings from the stored ledger and the registry: missing flows, unobserved nodes, conflicting clusters.
import { MINUTE_MS } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { queryClusters } from '../catalogue/clusters.ts';
import { coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import type { Finding } from './finding.ts';

export interface LedgerWindow {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far back is looked, milliseconds. */
  readonly window: number;
}

const MOST = 20;

/** Losses by a restart cannot be counted; a cluster that was not collected may be new. */
const UNSURE: ReadonlySet<string> = new Set(['restarted', 'not-collected']);

const CURES = {
  'not-collected': 'run `parallax collect` with this cluster, and see what it logs',
  dark: 'see whether the relay is connected to the node, and the collector to the relay (`parallax list nodes`)',
  missing:
    'keep collectors running or run a second one for the cluster, and raise hubble.eventBufferCapacity so that rings hold longer than one is away',
  restarted:
    'what the agent held when it restarted cannot be counted; nothing to do unless it recurs',
  lost: 'raise hubble.eventBufferCapacity (hubble_ring_buffer) or hubble.eventQueueSize (events_queue), give the agent more CPU, or thin events out with monitor aggregation',
  dropped:
    'raise collector.maxResponse or the bus’s record size; the collector’s log names what was too large',
} as const;

export async function* coverageFindings(
  store: Reader,
  { now, window }: LedgerWindow,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const query = { sinceMs: now - window, untilMs: now };
  const coverage = await coverageOf(store, query, now, signal);
  // Stores that are imported into have no collectors, and no ledger.
  if (!coverage.collected) return;
  if (coverage.complete)
    yield {
      check: 'coverage',
      severity: 'ok',
      what: 'nothing is missing',
      evidence: `every flow that nodes saw in the last ${Math.round(window / MINUTE_MS)} min is stored`,
      cure: '',
    };
  for (const gap of coverage.gaps.slice(0, MOST)) {
    const [evidence = ''] = sentences({ ...coverage, complete: false, gaps: [gap] });
    yield {
      check: 'coverage',
      severity: UNSURE.has(gap.reason) ? 'warning' : 'problem',
      cluster: gap.cluster,
      what: `flows ${gap.node === '' ? 'of the whole cluster' : `of node ${gap.node}`} are missing (${gap.reason})`,
      evidence,
      cure: CURES[gap.reason],
    };
  }
}

/** Names, ids, networks and numberings of clusters that contradict each other. */
export async function* registryFindings(
  store: Reader,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const { findings } = await queryClusters(store, { signal });
  for (const { kind, clusters, what, evidence, cure } of findings)
    yield {
      check: kind,
      severity: 'warning',
      ...(clusters.length === 1 && clusters[0] !== undefined ? { cluster: clusters[0] } : {}),
      what,
      evidence,
      cure,
    };
}
