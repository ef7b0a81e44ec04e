// The flows of a request from history, the live stream or both, for HTTP and gRPC.
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import type { ScanProgress } from '../read/scan.ts';
import type { Scope } from '../read/scope.ts';
import { type CelFailures, celFailures } from './cel-failures.ts';
import { EncodedResponse } from './encoded-response.ts';
import { type FlowQuery, type FlowQueryLimits, queryFlows } from './flows.ts';
import type { LiveFlows } from './follow.ts';
import { historyThenLive, type JoinItem, withoutDoubles } from './join.ts';
import { noticesFor } from './notices.ts';

export interface AnswerDeps {
  readonly store: Reader;
  /** Absent where nothing is collected: `follow` is refused then. */
  readonly live?: Pick<LiveFlows, 'follow'> | undefined;
  readonly limits: FlowQueryLimits & { readonly maxRows: number };
  /** Limits new flows; the store is limited already. */
  readonly scope?: Scope | undefined;
  readonly progress?: ((seen: ScanProgress) => void) | undefined;
}

export type AnswerItem = JoinItem;

/** Filters are compiled before this returns: it throws `input/invalid` for those that cannot be understood. */
export function answer(
  deps: AnswerDeps,
  query: FlowQuery & { readonly follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<AnswerItem> {
  if (!query.follow) return history(deps, query, signal);
  if (deps.live === undefined)
    throw inputError(
      'new flows cannot be followed here: nothing is being collected; ask a running `parallax up` or `serve`',
    );
  const live = deps.live.follow(query.whitelist, query.blacklist, signal, deps.scope);
  // With neither number nor since, only what is new from now on.
  if (query.number === 0n && query.since === undefined) return withoutDoubles(live);
  const left = celFailures();
  return historyThenLive(query, (rest) => bounded(deps, rest, left, signal), live, left);
}

async function* history(
  deps: AnswerDeps,
  query: FlowQuery,
  signal: AbortSignal,
): AsyncGenerator<AnswerItem> {
  let count = 0n;
  const left = celFailures();
  for await (const response of bounded(deps, query, left, signal)) {
    count++;
    yield EncodedResponse.of(response);
  }
  for (const notice of await noticesFor(deps.store, query, count, signal))
    yield { kind: 'notice', notice };
  yield* left.notices();
}

async function* bounded(
  { store, limits, progress }: AnswerDeps,
  query: FlowQuery,
  left: CelFailures,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const listeners = { failed: left.failed, progress };
  let count = 0;
  for await (const response of queryFlows(store, query, limits, signal, listeners)) {
    if (++count > limits.maxRows)
      throw new ParallaxError(
        'store/limit',
        `the answer has more than ${limits.maxRows} flows; narrow it by time or filters, or raise api.maxRows`,
      );
    yield response;
  }
}
