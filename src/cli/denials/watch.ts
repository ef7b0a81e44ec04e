// `parallax denials --watch`: incidents as they appear, change and are resolved. A server has a feed of them, which is
// taken up again where it broke; one without a feed, and a data directory that no process has open, are looked into again
// and again.
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type { Incident } from '../../incident/incident.ts';
import type { ListedIncident } from '../../query/denials/ask.ts';
import { ERRORS, ParallaxError } from '../../runtime/errors.ts';
import { whereToAsk } from '../observe/ask.ts';
import { openEvents } from '../observe/client.ts';
import { askIncidents } from './ask.ts';
import { type DenialOptions, MAX_LIMIT } from './options.ts';
import { serverEvents } from './sse.ts';
import { wantedBy, whereParameters } from './where.ts';

export const CHANGES = ['new', 'changed', 'resolved'] as const;
export type ChangeKind = (typeof CHANGES)[number];

export interface Change {
  readonly event: ChangeKind;
  readonly incident: Incident;
}

export interface WatchDeps {
  readonly now: () => bigint;
  readonly signal: AbortSignal;
  /** Says what happens to the connection. */
  readonly say: (message: string) => void;
  readonly pollMs: number;
  /** First wait before a server is asked again; doubled up to the last. */
  readonly retryMs: { readonly first: number; readonly last: number };
}

export async function* watchIncidents(
  options: DenialOptions,
  deps: WatchDeps,
): AsyncGenerator<Change> {
  const looks = new Polled();
  let polled = false;
  // An incident that leaves the answer would come back as a new one.
  const whole = { ...options, state: 'all', newSince: undefined, limit: MAX_LIMIT } as const;
  const wants = wantedBy(options.where);
  const place: Place = { after: undefined, since: options.watchFrom };
  let wait = deps.retryMs.first;
  let opened = false;
  while (!deps.signal.aborted) {
    const where = await whereToAsk(options.target);
    if (polled || 'directory' in where) {
      const { incidents } = await askIncidents(whole, deps.now, deps.signal);
      for (const change of looks.changes(incidents)) if (wants(change.incident)) yield change;
      await pause(deps.pollMs, deps.signal);
      continue;
    }
    try {
      const begun = deps.now();
      for await (const next of follow(where.server, options, place, deps)) {
        // What happens until the first event has come is not to be missed either.
        place.since ??= begun;
        opened = true;
        wait = deps.retryMs.first;
        if (next === 'open') continue;
        if (next.id !== '') place.after = next.id;
        if (next.change !== undefined) yield next.change;
      }
      deps.say(`${where.server} ended the feed; asking again`);
    } catch (error) {
      if (deps.signal.aborted) return;
      if (!opened && hasNoFeed(error)) {
        deps.say(`${where.server} has no feed of incidents; asking it every ${deps.pollMs} ms`);
        polled = true;
        continue;
      }
      // What is refused will be refused again; a server that was never there may not be one.
      const again = error instanceof ParallaxError && ERRORS[error.code].http >= 500;
      if (!again || !opened) throw error;
      deps.say(`${error.message}; asking again`);
    }
    await pause(wait, deps.signal);
    wait = Math.min(2 * wait, deps.retryMs.last);
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

/** Where the feed is taken up: behind an event, else from a moment on, else now. */
interface Place {
  after: string | undefined;
  since: bigint | undefined;
}

/** The feed, once it is open; an event without a change is one that was not asked for. */
async function* follow(
  server: string,
  options: DenialOptions,
  place: Readonly<Place>,
  { now, signal }: WatchDeps,
): AsyncGenerator<'open' | { readonly change: Change | undefined; readonly id: string }> {
  const path = `/api/v1/incidents/feed?${feedParams(options, place)}`;
  const { after } = place;
  const response = await openEvents(server, path, options, { after, signal });
  try {
    yield 'open';
    for await (const { event, data, id } of serverEvents(response.setEncoding('utf8'))) {
      const change = changeOf(event, data);
      const wanted =
        change !== undefined && (await isWanted(change.incident, options, now, signal));
      yield { change: wanted ? change : undefined, id };
    }
  } catch (error) {
    if (error instanceof ParallaxError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ParallaxError('server/unavailable', `the feed of ${server} broke (${why})`);
  } finally {
    response.destroy();
  }
}

/** The feed leaves out what was audited unless it is asked for. */
function feedParams({ stream = 'dropped', where }: DenialOptions, { after, since }: Place) {
  const verdicts = { dropped: [], audit: ['AUDIT'], all: ['DROPPED', 'AUDIT'] }[stream];
  const own = where.has('verdict') ? [] : verdicts;
  const params = new URLSearchParams([
    ...own.map((verdict): [string, string] => ['verdict', verdict]),
    ...whereParameters(where),
  ]);
  const moment = since === undefined ? undefined : formatTimestamp(fromNanos(since));
  if (after === undefined && moment !== undefined) params.set('since', moment);
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

/** What flows' filters mean only the store knows: it is asked whether the incident is one of those wanted. */
async function isWanted(
  { id }: Incident,
  options: DenialOptions,
  now: () => bigint,
  signal: AbortSignal,
): Promise<boolean> {
  const { whitelist, blacklist, policies, clusters, incidents } = options;
  const filters = [whitelist, blacklist, policies, clusters].some((list) => list.length > 0);
  if (incidents.length > 0 && !incidents.includes(id)) return false;
  if (!filters) return true;
  const one = { ...options, incidents: [id], since: undefined, state: 'all', limit: 1 } as const;
  return (await askIncidents(one, now, signal)).incidents.length > 0;
}

/** What differs between one look and the next. The first one tells nothing: what is there is no news. */
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
