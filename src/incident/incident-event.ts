// Transitions of an incident, as the feed and the notifiers report them.
import type { Incident } from './incident.ts';

/** `new`: seen for the first time, or again after it was over. `changed`: it grew. `resolved`: it is over. */
export const INCIDENT_EVENT_KINDS = ['new', 'changed', 'resolved'] as const;
export type IncidentEventKind = (typeof INCIDENT_EVENT_KINDS)[number];

/** Pods at both ends, some of them when there are many. */
export interface IncidentPods {
  readonly source: readonly string[];
  readonly destination: readonly string[];
}

export interface IncidentEvent {
  /** Of this form; raised when a member changes its meaning. */
  readonly version: 1;
  /** Id of the transition, the same on every delivery. */
  readonly key: string;
  readonly event: IncidentEventKind;
  /** Place in the log: follow from here on. */
  readonly cursor: string;
  /** When it was decided, RFC 3339. */
  readonly at: string;
  /** From one `new` to its `resolved`; 16 hex digits. */
  readonly episode: string;
  /** First denial of the episode. */
  readonly openedAt: string;
  /** The incident had been there before. */
  readonly known: boolean;
  /** Counted since the episode began. */
  readonly incident: Incident;
  readonly pods: IncidentPods;
  /** Of `changed`: what differs from the last report. */
  readonly change?: {
    readonly count: { readonly from: number; readonly to: number };
    readonly pods: IncidentPods;
  };
}

/** A document of the log; undefined when the text is none of this form. */
export function parseIncidentEvent(text: string): IncidentEvent | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isEvent(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(document: unknown): document is IncidentEvent {
  return (
    typeof document === 'object' &&
    document !== null &&
    'version' in document &&
    document.version === 1 &&
    'incident' in document
  );
}
