// Keys of episodes and events. They depend on the log alone: evaluators that decide the same from the same log give the
// same key, after a restart or side by side. Of the flows only the week of the first denial goes in, so late flows do not
// change a key.

import { createHash } from 'node:crypto';
import type { IncidentEventKind } from '../../incident/incident-event.ts';
import { DAY_NS } from '../../runtime/time.ts';

/** The log expires by the week: an incident that returns after that gets a key of its own. */
const AGE_NS = 7n * DAY_NS;

/** The episode after `previous`, or the first one. */
export function episodeOf(
  incident: bigint,
  previous: bigint | undefined,
  openedAt: bigint,
): bigint {
  const origin = previous === undefined ? `first ${openedAt / AGE_NS}` : `after ${previous}`;
  return digest(`episode ${incident} ${origin}`).readBigUInt64BE();
}

/** 32 hex digits. `step` counts the changes of the episode; `new` and `resolved` occur once. */
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
