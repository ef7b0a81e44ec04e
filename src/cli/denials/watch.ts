// `parallax denials --watch`: incidents as they appear, change and are resolved. A server has a feed of them, which is
// resumed where it broke; a server without a feed, and a data directory that no process has open, are polled.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../incident/incident.ts';
import type { ListedIncident } from '../../query/denials/answers.ts';
import { type Backoff, backoff } from '../../runtime/backoff.ts';
import { ERRORS, ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { type ApiClient, type ClientDeps, openClient } from '../client/client.ts';
import { timeText } from '../time.ts';
import { queryIncidents } from './answers.ts';
import { type DenialOptions, MAX_LIMIT } from './options.ts';
import { wantedBy, whereParameters } from './where.ts';

export const CHANGES = ['new', 'changed', 'resolved'] as const;
export type ChangeKind = (typeof CHANGES)[number];

export interface Change {
  readonly event: ChangeKind;
  readonly incident: Incident;
}

export interface WatchDeps extends ClientDeps {
  /** Takes messages about the connection. */
  readonly say: (message: string) => void;
  readonly pollMs: number;
  /** The wait before a server is tried again, doubled from the first up to the last. */
  readonly retryMs: { readonly first: number; readonly last: number };
}

export async function* watchIncidents(
  options: DenialOptions,
  deps: WatchDeps,
): AsyncGenerator<Change> {
  const { signal } = deps;
  const looks = new Polled();
  // An incident that leaves the answer would come back as a new one.
  const whole = { ...options, state: 'all', newSince: undefined, limit: MAX_LIMIT } as const;
  const wants = wantedBy(options.where);
  const feed = new Feed(options, deps);
  while (!signal.aborted) {
    const client = await openClient(options, deps);
    try {
      if (!client.isLocal && !feed.isMissing) {
        yield* feed.changes(client);
        continue;
      }
      const { incidents } = await queryIncidents(client, whole);
      for (const change of looks.changes(incidents)) if (wants(change.incident)) yield change;
    } finally {
      await client.close();
    }
    await pause(deps.pollMs, signal);
  }
}

/** The feed of a server, resumed after the last event that was read. */
class Feed {
  /** The server has no feed. */
  isMissing = false;
  private readonly options: DenialOptions;
  private readonly deps: WatchDeps;
  private after: string | undefined;
  private since: bigint | undefined;
  private readonly retry: Backoff;
  private opened = false;

  constructor(options: DenialOptions, deps: WatchDeps) {
    this.options = options;
    this.deps = deps;
    this.since = options.watchFrom;
    const { first, last } = deps.retryMs;
    this.retry = backoff({ initialMs: first, maxMs: last, floor: 0.5 });
  }

  /** Until the feed ends or breaks, and a wait afterwards. Throws what trying again cannot mend. */
  async *changes(client: ApiClient): AsyncGenerator<Change> {
    const { signal, say, pollMs } = this.deps;
    try {
      yield* this.read(client);
      say(`${client.name} ended the feed; asking again`);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.opened && hasNoFeed(error)) {
        say(`${client.name} has no feed of incidents; asking it every ${pollMs} ms`);
        this.isMissing = true;
        return;
      }
      // A refusal stays a refusal; a server that never answered may not be one.
      const again = error instanceof ParallaxError && ERRORS[error.code].http >= 500;
      if (!again || !this.opened) throw error;
      say(`${error.message}; asking again`);
    }
    await pause(this.retry.next(), signal);
  }

  private async *read(client: ApiClient): AsyncGenerator<Change> {
    const { options, after } = this;
    // What happens before the first event must not be missed either.
    const begun = msToNs(this.deps.nowMs());
    const path = `/api/v1/incidents/feed?${feedParams(options, after, this.since)}`;
    const events = await client.events(path, after);
    this.opened = true;
    this.since ??= begun;
    this.retry.reset();
    try {
      for await (const { event, data, id } of events) {
        const change = changeOf(event, data);
        const wanted = change !== undefined && (await isWanted(client, change.incident, options));
        if (id !== '') this.after = id;
        if (wanted) yield change;
      }
    } catch (error) {
      if (error instanceof ParallaxError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ParallaxError('server/unavailable', `the feed of ${client.name} broke (${why})`);
    }
  }
}

/** One without the role that follows incidents, or an older one, takes the path for an incident's. */
function hasNoFeed(error: unknown): boolean {
  return (
    error instanceof ParallaxError && ['input/not-found', 'input/invalid'].includes(error.code)
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** The feed leaves out what was audited unless it is asked for. */
function feedParams(
  { stream = 'dropped', where }: DenialOptions,
  after: string | undefined,
  since: bigint | undefined,
): URLSearchParams {
  const verdicts = { dropped: [], audit: ['AUDIT'], all: ['DROPPED', 'AUDIT'] }[stream];
  const own = where.has('verdict') ? [] : verdicts;
  const params = new URLSearchParams([
    ...own.map((verdict): [string, string] => ['verdict', verdict]),
    ...whereParameters(where),
  ]);
  if (after === undefined && since !== undefined) params.set('since', timeText(since));
  return params;
}

/** The incident, or an event that has it; undefined for events of newer servers. */
function changeOf(event: string, data: string): Change | undefined {
  const kind = CHANGES.find((each) => each === event);
  if (kind === undefined && event !== 'error') return undefined;
  const document: unknown = JSON.parse(data);
  if (kind === undefined)
    throw new ParallaxError('server/unavailable', `the feed ended: ${detailOf(document)}`);
  const incident =
    typeof document === 'object' && document !== null && 'incident' in document
      ? document.incident
      : document;
  return isIncident(incident) ? { event: kind, incident } : undefined;
}

function detailOf(problem: unknown): string {
  return typeof problem === 'object' && problem !== null && 'detail' in problem
    ? String(problem.detail)
    : 'the server did not say why';
}

function isIncident(value: unknown): value is Incident {
  return typeof value === 'object' && value !== null && 'id' in value && 'source' in value;
}

/** Only the store can apply filters of flows: it is asked whether they find the incident. */
async function isWanted(
  client: ApiClient,
  { id }: Incident,
  options: DenialOptions,
): Promise<boolean> {
  const { whitelist, blacklist, policies, clusters, incidents } = options;
  const filters = [whitelist, blacklist, policies, clusters].some((list) => list.length > 0);
  if (incidents.length > 0 && !incidents.includes(id)) return false;
  if (!filters) return true;
  const one = { ...options, incidents: [id], since: undefined, state: 'all', limit: 1 } as const;
  return (await queryIncidents(client, one)).incidents.length > 0;
}

/** Finds what differs between two answers. The first one yields nothing: it has no predecessor. */
export class Polled {
  private known: ReadonlyMap<string, Incident> | undefined;

  *changes(incidents: readonly ListedIncident[]): Generator<Change> {
    const before = this.known;
    this.known = new Map(incidents.map((incident) => [incident.id, incident]));
    if (before === undefined) return;
    for (const incident of incidents) {
      const event = changeBetween(before.get(incident.id), incident);
      if (event !== undefined) yield { event, incident };
    }
  }
}

function changeBetween(before: Incident | undefined, now: Incident): ChangeKind | undefined {
  if (before === undefined) return 'new';
  if (before.lastSeen !== now.lastSeen) return before.state === 'open' ? 'changed' : 'new';
  return before.state !== 'resolved' && now.state === 'resolved' ? 'resolved' : undefined;
}
