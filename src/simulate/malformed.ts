// Malformed messages: truncated, with unknown fields, with text that is not UTF-8, huge.
import { randomUUID } from 'node:crypto';
import { encode } from '../hubble/proto/codec.ts';
import { type Flow, FlowType, GetFlowsResponse, Verdict } from '../hubble/proto/schema.gen.ts';
import type { Fault } from './fault.ts';
import { frame, timestamp } from './framing.ts';

type How = Extract<Fault, { kind: 'malformed' }>['how'];

export interface OddMessage {
  readonly framed: Buffer;
  /** Where the uuid's text starts; -1 when no reader can know the uuid. */
  readonly uuidAt: number;
}

const HUGE_BYTES = 8 * 1024 * 1024;
/** Field 29999 with text, and a varint field 29998: numbers no Hubble uses. */
const FUTURE = Buffer.from('fad30e06667574757265f0d30e2a', 'hex');

export function malformedMessage(
  how: How,
  relay: { readonly name: string; readonly nodes: readonly string[] },
  nowMs: number,
  bytes = HUGE_BYTES,
): OddMessage {
  const node = relay.nodes[0] ?? relay.name;
  const time = timestamp(nowMs);
  const uuid = randomUUID();
  const flow: Flow = {
    time,
    uuid,
    verdict: Verdict.numbers.FORWARDED,
    Type: FlowType.numbers.L3_L4,
    node_name: node,
    event_type: { type: 4 },
  };
  const whole = (given: Flow) => encode(GetFlowsResponse, { flow: given, node_name: node, time });
  const found = (message: Buffer): OddMessage => {
    const framed = frame(message);
    return { framed, uuidAt: framed.indexOf(uuid) };
  };
  switch (how) {
    case 'truncated': {
      const message = whole({ ...flow, Summary: 'cut short' });
      return { framed: frame(message.subarray(0, message.length - 20)), uuidAt: -1 };
    }
    case 'unknown':
      return found(whole({ ...flow, Summary: 'with fields of the future', $unknown: FUTURE }));
    case 'utf8': {
      const message = whole({ ...flow, Summary: 'no UTF-8: ????' });
      message.fill(0xff, message.indexOf('????'), message.indexOf('????') + 4);
      return found(message);
    }
    case 'huge':
      return found(whole({ ...flow, Summary: 'x'.repeat(bytes) }));
    default:
      return how satisfies never;
  }
}
