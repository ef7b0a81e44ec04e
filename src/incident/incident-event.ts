// What happens to an incident over time, as the feed and the notifiers tell it. No I/O.
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
  /** Of the transition: the same, however often it is told. */
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
  /** Of `changed`: what is different from the last time it was told. */
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
