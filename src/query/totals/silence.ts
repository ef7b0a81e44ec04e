// In which steps of a series nothing was collected, as the coverage ledger has it.
import { DAY_MS, nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { coverageOf } from '../coverage/coverage.ts';

export interface Silence {
  /** Whether nothing at all of a cluster (of any cluster when left out) was collected in a step. */
  silent(step: number, cluster?: string): boolean;
}

interface Steps {
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  /** Seconds. */
  readonly step: number;
  readonly points: number;
}

/** The ledger is asked for no more than this at once; of what is before, nothing is known. */
const LEDGER_MS = 32 * DAY_MS;

export async function silenceIn(
  store: Reader,
  { start, step, points }: Steps,
  deps: { readonly nowNanos: bigint; readonly signal?: AbortSignal | undefined },
): Promise<Silence> {
  const nowMs = nsToMs(deps.nowNanos);
  const startMs = nsToMs(start);
  const stepMs = step * 1000;
  const endMs = Math.min(startMs + points * stepMs, nowMs);
  const future = (index: number) => startMs + index * stepMs >= nowMs;
  if (endMs <= Math.max(0, startMs)) return { silent: () => true };
  const sinceMs = Math.max(0, startMs, endMs - LEDGER_MS);
  const coverage = await coverageOf(store, { sinceMs, untilMs: endMs }, nowMs, deps.signal);
  if (!coverage.collected) return { silent: () => true };
  const quiet = new Map<string, { fromMs: number; toMs: number }[]>();
  for (const name of coverage.clusters.keys()) quiet.set(name, []);
  // A gap of a whole cluster: nothing proves that it was fetched later either.
  for (const { cluster, node, reason, count, fromMs, toMs } of coverage.gaps)
    if (node === '' && reason === 'not-collected' && count === undefined)
      quiet.get(cluster)?.push({ fromMs, toMs });
  const silentOf = (cluster: string, fromMs: number, toMs: number) =>
    quiet.get(cluster)?.some((gap) => gap.fromMs <= fromMs && gap.toMs >= toMs) ?? true;
  return {
    silent(index, cluster) {
      if (future(index)) return true;
      const fromMs = Math.max(startMs + index * stepMs, coverage.window.sinceMs);
      const toMs = Math.min(startMs + (index + 1) * stepMs, coverage.window.untilMs);
      if (toMs <= fromMs) return true;
      if (cluster !== undefined) return silentOf(cluster, fromMs, toMs);
      return [...quiet.keys()].every((name) => silentOf(name, fromMs, toMs));
    },
  };
}
