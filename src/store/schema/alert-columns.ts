// The columns of the log of incidents, `incident_events`, and of its delivery to receivers, `deliveries`.
import { type Column, column, MILLIS, NANOS } from './column.ts';

/** The table `incident_events`: what happened to incidents, a transition a row. */
export const INCIDENT_EVENT_COLUMNS: readonly Column[] = [
  column('sequence', 'u64', 'Grows from row to row: the cursor of a reader.'),
  column('received_at', 'i64', 'When it was decided.', MILLIS),
  column('uuid', 'uuid', 'Of the row.'),
  column('evaluator', 'lc', 'Random id of the run of the process that decided it.'),
  column(
    'key',
    'string',
    'Key of the transition: unchanged when it is evaluated or delivered again.',
  ),
  column('incident', 'u64', 'Number of the incident, as in `incidents`.'),
  column('episode', 'u64', 'From one `new` to its `resolved`.'),
  column('kind', 'lc', '`new`, `changed` or `resolved`.'),
  column('step', 'u32', 'How many changes of the episode there were, this one included.'),
  column('silent', 'u8', '1: not delivered, the incident had ended long before it was evaluated.'),
  column('opened_at', 'i64', 'First denial of the episode, as known when it was opened.', NANOS),
  column('last_seen', 'i64', 'Last denial by then.', NANOS),
  column('drops', 'u64', 'Drop events of the episode by then.'),
  column('verdicts', 'u64', 'Policy verdicts, and refusals of a proxy, of the episode by then.'),
  column('drops_before', 'u64', 'Drop events before it in the hour in which it was opened.'),
  column('verdicts_before', 'u64', 'Policy verdicts and proxy refusals before it in that hour.'),
  column('cluster', 'lc', 'Key of the cluster whose nodes deny it.'),
  column('verdict', 'u8', '2 DROPPED, 4 AUDIT.'),
  column('source_cluster', 'lc', 'Cluster of the source.'),
  column('source_namespace', 'lc', 'Namespace of the source.'),
  column('destination_cluster', 'lc', 'Cluster of the destination.'),
  column('destination_namespace', 'lc', 'Namespace of the destination.'),
  column('document', 'string', 'The event as JSON, as the feed and the webhooks carry it.'),
];

/** The table `deliveries`: outcomes of delivering events to receivers. */
export const DELIVERY_COLUMNS: readonly Column[] = [
  column('receiver', 'lc', 'Name of the webhook.'),
  column('sequence', 'u64', 'Of the transition; of `started` and `reached`, how far it has come.'),
  column('received_at', 'i64', 'When it was stored.', MILLIS),
  column('uuid', 'uuid', 'Of the row.'),
  column(
    'state',
    'lc',
    '`started`: events from this position on are delivered; `reached`: all earlier ones are done; `delivered`; `dead`: given up; `again`: to be delivered again.',
  ),
  column('key', 'string', 'Key of the transition.'),
  column('incident', 'u64', 'Number of the incident.'),
  column('kind', 'lc', 'Kind of the transition.'),
  column('attempts', 'u32', 'Attempts, in this run of the process.'),
  column('status', 'u16', 'HTTP status of the last answer; 0 without one.'),
  column('reason', 'string', 'Why it was given up.'),
];
