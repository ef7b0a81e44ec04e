// A row of `flows` back to the response it was made of, exactly: what the columns cannot hold is in `raw`.

import { fromJson } from '../../../hubble/json/json.ts';
import { decode } from '../../../hubble/proto/codec.ts';
import { type Flow, GetFlowsResponse, Policy, Tunnel } from '../../../hubble/proto/schema.gen.ts';
import { Any, type Timestamp } from '../../../hubble/proto/wellknown.ts';
import { SECOND_NS } from '../../../runtime/time.ts';
import type { FlowColumnName } from '../../../store/schema/columns.ts';
import { endpointOf, ipOf, layer4Of, layer7Of } from './parts.ts';
import { present } from './present.ts';
import { FlowRow } from './row.ts';

/**
 * The response of a row; its values from position `from` on are those of `restoreSelect`. Equal to what decoding the
 * response's bytes gave.
 */
export function restoreFlow(values: readonly unknown[], from = 0): GetFlowsResponse {
  const row = new FlowRow(values, from);
  const raw = row.bytes('raw');
  if (raw.length > 0) return decode(GetFlowsResponse, raw);
  const time = row.bigint('time') ?? 0n;
  const flow = flowOf(row, time);
  return present({
    flow,
    node_name: row.has('sameNodeName') ? flow.node_name : row.text('response_node_name'),
    time: row.has('responseTime')
      ? timestamp(time + (row.bigint('response_time') ?? 0n))
      : undefined,
  });
}

/** The response of a row of `events`, whose value at `at` is that of `restoreEventSelect`. */
export function restoreEvent(values: readonly unknown[], at = 0): GetFlowsResponse {
  return decode(GetFlowsResponse, Buffer.from(String(values[at]), 'base64'));
}

function flowOf(row: FlowRow, time: bigint): Flow {
  return present({
    time: row.has('flowTime') ? timestamp(time) : undefined,
    uuid: row.has('uuidMade') ? row.text('uuid_text') : row.text('uuid'),
    emitter: row.has('emitter')
      ? present({ name: row.text('emitter_name'), version: row.text('emitter_version') })
      : undefined,
    verdict: row.number('verdict'),
    drop_reason: row.number('drop_reason'),
    auth_type: row.number('auth_type'),
    ethernet: row.has('ethernet')
      ? present({
          source: row.text('ethernet_source'),
          destination: row.text('ethernet_destination'),
        })
      : undefined,
    IP: row.has('ip') ? ipOf(row) : undefined,
    l4: row.has('l4') ? layer4Of(row) : undefined,
    tunnel: row.has('tunnel') ? fromJson(Tunnel, row.json('tunnel') ?? {}) : undefined,
    source: row.has('source') ? endpointOf(row, 'source') : undefined,
    destination: row.has('destination') ? endpointOf(row, 'destination') : undefined,
    Type: row.number('type'),
    node_name: row.text('node_name'),
    node_labels: row.lines('node_labels'),
    source_names: row.lines('source_names'),
    destination_names: row.lines('destination_names'),
    l7: row.has('l7') ? layer7Of(row) : undefined,
    reply: row.flag('reply'),
    event_type: row.has('eventType')
      ? present({ type: row.number('event_type'), sub_type: row.number('event_sub_type') })
      : undefined,
    source_service: row.has('sourceService') ? serviceOf(row, 'source_service') : undefined,
    destination_service: row.has('destinationService')
      ? serviceOf(row, 'destination_service')
      : undefined,
    traffic_direction: row.number('traffic_direction'),
    policy_match_type: row.number('policy_match_type'),
    trace_observation_point: row.number('trace_observation_point'),
    trace_reason: row.number('trace_reason'),
    file: row.has('file')
      ? present({ name: row.text('file_name'), line: row.number('file_line') })
      : undefined,
    ip_trace_id: row.has('ipTraceId')
      ? present({
          trace_id: row.bigint('ip_trace_id'),
          ip_option_type: row.number('ip_trace_option_type'),
        })
      : undefined,
    drop_reason_desc: row.number('drop_reason_desc'),
    is_reply: isReplyOf(row),
    debug_capture_point: row.number('debug_capture_point'),
    interface: row.has('interface')
      ? present({ index: row.number('interface_index'), name: row.text('interface_name') })
      : undefined,
    proxy_port: row.number('proxy_port'),
    trace_context: row.has('traceContext')
      ? present({
          parent: row.has('traceParent') ? present({ trace_id: row.text('trace_id') }) : undefined,
        })
      : undefined,
    sock_xlate_point: row.number('sock_xlate_point'),
    socket_cookie: row.bigint('socket_cookie'),
    cgroup_id: row.bigint('cgroup_id'),
    Summary: row.text('summary'),
    extensions: row.has('extensions') ? decode(Any, row.bytes('extensions')) : undefined,
    egress_allowed_by: policiesOf(row, 'egress_allowed_by'),
    ingress_allowed_by: policiesOf(row, 'ingress_allowed_by'),
    egress_denied_by: policiesOf(row, 'egress_denied_by'),
    ingress_denied_by: policiesOf(row, 'ingress_denied_by'),
    policy_log: row.lines('policy_log'),
    aggregate: row.has('aggregate')
      ? present({
          ingress_flow_count: row.number('aggregate_ingress'),
          egress_flow_count: row.number('aggregate_egress'),
          unknown_direction_flow_count: row.number('aggregate_unknown'),
        })
      : undefined,
  });
}

function serviceOf(row: FlowRow, service: 'source_service' | 'destination_service') {
  return present({
    name: row.text(`${service}_name`),
    namespace: row.text(`${service}_namespace`),
  });
}

function isReplyOf(row: FlowRow): boolean | undefined {
  const value = row.number('is_reply');
  return value === undefined ? undefined : value === 2;
}

function policiesOf(row: FlowRow, name: FlowColumnName): Policy[] | undefined {
  const json = row.json(name);
  return Array.isArray(json) ? json.map((each) => fromJson(Policy, each)) : undefined;
}

function timestamp(nanoseconds: bigint): Timestamp {
  const rest = ((nanoseconds % SECOND_NS) + SECOND_NS) % SECOND_NS;
  return { seconds: (nanoseconds - rest) / SECOND_NS, nanos: Number(rest) };
}
