// The call as Hubble's own request, for a relay and for --debug.

import type { GetFlowsRequest } from '../../hubble/proto/schema.gen.ts';
import { fromNanos } from '../../hubble/proto/timestamp.ts';
import type { FieldMask } from '../../hubble/proto/wellknown.ts';
import type { ObserveOptions } from './options.ts';

/** What the text layouts print of a flow, and all that Hubble's client asks for by default. */
const DEFAULT_MASK: readonly string[] = [
  'time',
  'verdict',
  'ethernet',
  'IP',
  'l4',
  'source.identity',
  'source.namespace',
  'source.pod_name',
  'destination.identity',
  'destination.namespace',
  'destination.pod_name',
  'Type',
  'node_name',
  'l7',
  'event_type',
  'source_service',
  'destination_service',
  'is_reply',
  'Summary',
  'ip_trace_id',
];

export function flowsRequest(options: ObserveOptions): GetFlowsRequest {
  const { number, first, follow, since, until, whitelist, blacklist } = options;
  return {
    number,
    first,
    follow,
    whitelist: [...whitelist],
    blacklist: [...blacklist],
    ...(since === undefined ? {} : { since: fromNanos(since) }),
    ...(until === undefined ? {} : { until: fromNanos(until) }),
    ...maskOf(options),
  };
}

function maskOf({ fieldMask, defaultFieldMask }: ObserveOptions): { field_mask?: FieldMask } {
  if (fieldMask.length > 0) return { field_mask: { paths: [...fieldMask] } };
  return defaultFieldMask ? { field_mask: { paths: [...DEFAULT_MASK] } } : {};
}
