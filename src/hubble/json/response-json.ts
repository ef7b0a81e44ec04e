// GetFlowsResponse from a line of `hubble observe -o json`, jsonpb, or an agent's flow log.
import { ParallaxError } from '../../runtime/errors.ts';
import { Flow, GetFlowsResponse, LostEvent, NodeStatusEvent } from '../proto/schema.gen.ts';
import type { Field } from '../proto/schema.ts';
import { formatTimestamp } from '../proto/timestamp.ts';
import { JsonReader } from './json-read.ts';
import { withJsonSource } from './json-source.ts';
import { compactJson, escapeHtml, exactNumbers } from './json-text.ts';

type Fields = Record<string, unknown>;

/**
 * Reads an enveloped response, or a bare flow, lost event or node status of older exports. A bare flow is put into
 * an envelope that takes its `node_name` and `time` (those it has) from the flow: selecting by time and node looks
 * at the envelope. Whatever the message cannot hold (unknown keys at any depth, unknown enum names) stays with it as
 * JSON, see json-source.ts. Throws `hubble/malformed`.
 */
export function responseFromJson(text: string): GetFlowsResponse {
  const value = parse(text);
  const reader = new JsonReader(false);
  const member = bareMember(value);
  if (member === undefined) {
    // A message of its type.
    const response = reader.message(GetFlowsResponse, value, '') as GetFlowsResponse;
    return reader.lossy ? withJsonSource(response, escapeHtml(compactJson(text))) : response;
  }
  const response: GetFlowsResponse = {};
  let rest = '';
  switch (member) {
    case 'flow': {
      const flow = reader.message(Flow, value, '') as Flow; // a message of its type
      response.flow = flow;
      if (flow.node_name) {
        response.node_name = flow.node_name;
        rest += `,"node_name":${JSON.stringify(flow.node_name)}`;
      }
      if (flow.time !== undefined) {
        response.time = flow.time;
        const time = formatTimestamp(flow.time);
        if (time !== undefined) rest += `,"time":"${time}"`;
      }
      break;
    }
    case 'lost_events':
      // A message of its type.
      response.lost_events = reader.message(LostEvent, value, '') as LostEvent;
      break;
    case 'node_status':
      // A message of its type.
      response.node_status = reader.message(NodeStatusEvent, value, '') as NodeStatusEvent;
      break;
    default:
      return member satisfies never;
  }
  if (!reader.lossy) return response;
  return withJsonSource(response, escapeHtml(`{"${member}":${compactJson(text)}${rest}}`));
}

function parse(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(exactNumbers(text));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParallaxError('hubble/malformed', `no Hubble JSON: ${why}`, { cause });
  }
  // An object.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  const kind = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  throw new ParallaxError('hubble/malformed', `no Hubble JSON: expected an object, got ${kind}`);
}

/** Kind of a line without an envelope; undefined for one with. */
function bareMember(value: Fields): 'flow' | 'lost_events' | 'node_status' | undefined {
  const keys = Object.keys(value);
  const has = (type: { readonly byName: ReadonlyMap<string, Field> }, ...names: string[]) =>
    keys.some((key) => names.includes(type.byName.get(key)?.name ?? ''));
  if (has(GetFlowsResponse, 'flow', 'lost_events', 'node_status')) return undefined;
  if (has(NodeStatusEvent, 'state_change', 'node_names')) return 'node_status';
  // A flow has a source too, but it is an endpoint.
  if (has(LostEvent, 'num_events_lost') || typeof value.source === 'string') return 'lost_events';
  const flowKeys = keys.filter((key) => !GetFlowsResponse.byName.has(key));
  return flowKeys.some((key) => Flow.byName.has(key)) ? 'flow' : undefined;
}
