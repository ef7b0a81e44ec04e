// The keys of what happens to an incident. They are made of the log alone: whoever decides the same from the same log,
// after a restart or beside another evaluator, gives it the same key. Of what late flows can change nothing goes in but the
// week in which it was first seen.

import { createHash } from 'node:crypto';
import type { IncidentEventKind } from '../../incident/incident-event.ts';
import { DAY_NS } from '../../runtime/time.ts';

/** As the log is dropped by the week: an incident that was forgotten and comes back is not taken for the one before. */
const AGE_NS = 7n * DAY_NS;

/** The episode that follows `previous`, or the first that is known of the incident. */
export function episodeOf(
  incident: bigint,
  previous: bigint | undefined,
  openedAt: bigint,
): bigint {
  const origin = previous === undefined ? `first ${openedAt / AGE_NS}` : `after ${previous}`;
  return digest(`episode ${incident} ${origin}`).readBigUInt64BE();
}

/** 32 hex digits. `step` counts the changes of the episode; a `resolved` is once an episode. */
export function transitionKey(
  { incident, episode }: { readonly incident: bigint; readonly episode: bigint },
  kind: IncidentEventKind,
  step: number,
): string {
  const text = `transition ${incident} ${episode} ${kind} ${kind === 'changed' ? step : 0}`;
  return digest(text).toString('hex', 0, 16);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
