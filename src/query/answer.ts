// One answer, from history or live or both: what every way of asking (HTTP, the command itself) hands on.
import type { GetFlowsResponse } from '../hubble/schema.gen.ts';
import { ParallaxError } from '../runtime/errors.ts';
import type { Store } from '../store/store.ts';
import { type FlowQuery, type FlowQueryLimits, queryFlows } from './flows.ts';
import type { LiveFlows } from './follow.ts';
import { noticesFor } from './notices.ts';
import type { ScanProgress } from './scan.ts';

export interface AnswerDeps {
  readonly store: Store;
  /** Absent where nothing is collected: `follow` is refused then. */
  readonly live?: LiveFlows | undefined;
  readonly limits: FlowQueryLimits & { readonly maxRows: number };
  /** Hears how far the search of history has come. */
  readonly progress?: ((seen: ScanProgress) => void) | undefined;
}

export type AnswerItem =
  | { readonly kind: 'response'; readonly response: GetFlowsResponse }
  | { readonly kind: 'notice'; readonly notice: string };

/** Uuids of history remembered so that the live part does not repeat them. */
const REMEMBERED = 100_000;

/** Filters are compiled before this returns: it throws `input/invalid` for those that cannot be understood. */
export function answer(
  deps: AnswerDeps,
  query: FlowQuery & { readonly follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<AnswerItem> {
  if (!query.follow) return history(deps, query, signal);
  if (deps.live === undefined)
    throw new ParallaxError(
      'input/invalid',
      'new flows cannot be followed here: nothing is being collected; ask a running `parallax up` or `serve`',
    );
  const live = deps.live.follow(query.whitelist, query.blacklist, signal);
  // With neither number nor since, only what is new from now on.
  if (query.number === 0n && query.since === undefined) return responses(live);
  return historyThenLive(queryFlows(deps.store, query, deps.limits, signal), live);
}

async function* history(
  { store, limits, progress }: AnswerDeps,
  query: FlowQuery,
  signal: AbortSignal,
): AsyncGenerator<AnswerItem> {
  let count = 0n;
  for await (const response of queryFlows(store, query, limits, signal, progress)) {
    if (++count > BigInt(limits.maxRows))
      throw new ParallaxError(
        'store/limit',
        `the answer has more than ${limits.maxRows} flows; narrow it by time or filters, or raise api.maxRows`,
      );
    yield { kind: 'response', response };
  }
  for (const notice of await noticesFor(store, query, count, signal))
    yield { kind: 'notice', notice };
}

async function* responses(live: AsyncIterable<GetFlowsResponse>): AsyncGenerator<AnswerItem> {
  for await (const response of live) yield { kind: 'response', response };
}

/** The live part is open before history is read, so nothing stored meanwhile is missed; doubles are left out. */
async function* historyThenLive(
  history: AsyncIterable<GetFlowsResponse>,
  live: AsyncIterable<GetFlowsResponse>,
): AsyncGenerator<AnswerItem> {
  const seen = new Set<string>();
  for await (const response of history) {
    const uuid = response.flow?.uuid;
    if (uuid !== undefined) {
      seen.add(uuid);
      if (seen.size > REMEMBERED) for (const oldest of seen) if (seen.delete(oldest)) break;
    }
    yield { kind: 'response', response };
  }
  for await (const response of live) {
    const uuid = response.flow?.uuid;
    if (uuid !== undefined && seen.delete(uuid)) continue;
    yield { kind: 'response', response };
  }
}
