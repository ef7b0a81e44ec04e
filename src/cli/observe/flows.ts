// The flows that a call of observe asks for: from the HTTP API, or from a relay over gRPC.
import { responseFromJson, toJson } from '../../hubble/json/json.ts';
import { withoutJsonSource } from '../../hubble/json/json-source.ts';
import { FlowFilter, type GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import type { ScanProgress } from '../../query/read/scan.ts';
import { inputError } from '../../runtime/errors.ts';
import {
  type ApiClient,
  type ClientDeps,
  isProblem,
  openClient,
  type Problem,
} from '../client/client.ts';
import { timeText } from '../time.ts';
import { ALL, type ObserveOptions } from './options.ts';

/** What an answer reports beside its flows. */
export interface Listeners {
  readonly say: (message: string) => void;
  readonly progress: (seen: ScanProgress) => void;
}

export async function* queryFlows(
  options: ObserveOptions,
  listeners: Listeners,
  deps: ClientDeps,
): AsyncGenerator<GetFlowsResponse> {
  const { target } = options;
  if (target.kind === 'relay') {
    const { relayFlows } = await import('./relay.ts');
    yield* relayFlows(target.address, options, listeners.say, deps.signal);
    return;
  }
  // Hubble ignores --until here; an answer from history that seems to end would mislead.
  if (options.untilIgnored)
    throw inputError('cannot set both --until and --follow: a stream of new flows has no end');
  const client = await openClient(options, deps);
  try {
    if (client.isLocal && options.follow)
      throw inputError(
        `nothing is being collected into ${client.name}, so there is nothing to follow; start \`parallax up\`, or name a server with --server`,
      );
    yield* masked(options, apiFlows(client, options, listeners));
  } finally {
    await client.close();
  }
}

async function* apiFlows(
  client: ApiClient,
  options: ObserveOptions,
  { say, progress }: Listeners,
): AsyncGenerator<GetFlowsResponse> {
  const body = { ...bodyOf(options), follow: options.follow, notices: true };
  for await (const line of client.lines('/api/v1/flows:query', body)) {
    const control = line.startsWith('{"parallax":') ? controlOf(line) : undefined;
    if (control === undefined) yield responseFromJson(line);
    else if (control.error !== undefined) throw client.errorOf(control.error);
    else if (control.notice !== undefined) say(control.notice);
    else if (control.progress !== undefined) progress(control.progress);
  }
}

/** The API answers with whole flows: `--field-mask` is applied here. */
async function* masked(
  { fieldMask }: ObserveOptions,
  responses: AsyncIterable<GetFlowsResponse>,
): AsyncGenerator<GetFlowsResponse> {
  if (fieldMask.length === 0) {
    yield* responses;
    return;
  }
  const { maskOf, masked: prune } = await import('../../hubble/proto/message-mask.ts');
  const { Flow } = await import('../../hubble/proto/schema.gen.ts');
  const mask = maskOf(Flow, fieldMask);
  for await (const response of responses)
    yield response.flow === undefined
      ? response
      : { ...withoutJsonSource(response), flow: prune(response.flow, mask) };
}

/** The options as the body of a request. */
export function bodyOf(options: ObserveOptions) {
  const { number, first, since, until, whitelist, blacklist } = options;
  const count = number === ALL ? { all: true } : { [first ? 'first' : 'last']: String(number) };
  return {
    whitelist: filterList(whitelist),
    blacklist: filterList(blacklist),
    ...(number > 0n && count),
    ...(since !== undefined && { since: timeText(since) }),
    ...(until !== undefined && { until: timeText(until) }),
  };
}

export function filterList(filters: readonly FlowFilter[]): object[] {
  return filters.map((filter) => toJson(FlowFilter, filter));
}

interface Control {
  readonly notice?: string;
  readonly error?: Problem;
  readonly progress?: ScanProgress;
}

/** A line about the answer; what only a newer server writes is ignored. */
function controlOf(line: string): Control {
  const { parallax }: { parallax?: { notice?: unknown; error?: unknown; progress?: unknown } } =
    JSON.parse(line);
  if (isProblem(parallax?.error)) return { error: parallax.error };
  if (typeof parallax?.notice === 'string') return { notice: parallax.notice };
  const progress = progressOf(parallax?.progress);
  return progress === undefined ? {} : { progress };
}

function progressOf(value: unknown): ScanProgress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { rows, first, last, at } = value as Partial<Record<keyof ScanProgress, unknown>>; // each is checked below
  const nanos = [first, last, at].map((each) => (/^-?\d+$/.test(String(each)) ? String(each) : ''));
  if (typeof rows !== 'number' || nanos.includes('')) return undefined;
  const [from = '', to = '', here = ''] = nanos;
  return { rows, first: BigInt(from), last: BigInt(to), at: BigInt(here) };
}
