// The fields of a FlowFilter about the flow itself, its event and its protocols.
import { FILTERS } from '../../hubble/filter/catalogue.ts';
import { some } from '../../hubble/filter/condition.ts';
import { protocolMembers, TCP_FLAGS } from '../../hubble/filter/event.ts';
import { nodeNamePattern } from '../../hubble/filter/pattern.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import type { QueryParams } from '../../store/store.ts';
import { type Bounds, both, either, exactly } from './bounds.ts';
import { column, columnNamed, present } from './columns.ts';
import { labelCondition } from './labels.ts';
import type { Params } from './params.ts';
import { patternCondition } from './regex.ts';

const DROPPED = 2;
const L4_NUMBERS = { TCP: 1, UDP: 2, ICMPv4: 3, ICMPv6: 4, SCTP: 5, VRRP: 6, IGMP: 7 } as const;
const L7_NUMBERS = { dns: 1, http: 2, kafka: 3 } as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function* flowConditions(filter: FlowFilter, params: Params): Generator<Bounds> {
  const numbers = (values: readonly number[]) => params.add(values, 'Array(Int32)');
  const { uuid, drop_reason_desc } = filter;
  if (some(uuid)) yield either(uuid.map((text) => exactly(uuidCondition(text, params))));
  for (const { equality } of FILTERS) {
    const wanted: readonly unknown[] | undefined = equality && filter[equality.field];
    if (equality === undefined || !some(wanted)) continue;
    const { column, type } = equality;
    // Truth values are numbers in the column.
    const values = type === 'Int32' ? wanted.map(Number) : wanted;
    // The catalogue names the type of the values.
    const list = params.add(values as QueryParams[string], `Array(${type})`);
    yield exactly(`${columnNamed(column)} IN ${list}`);
  }
  if (some(drop_reason_desc))
    yield exactly(
      `${column('verdict')} = ${DROPPED} AND ${column('drop_reason_desc')} IN ${numbers(drop_reason_desc)}`,
    );
  const { reply, node_name, node_labels } = filter;
  if (some(reply)) yield either(reply.map((wanted) => exactly(replyCondition(wanted))));
  if (some(node_name)) yield exactly(nodeCondition(node_name, params));
  if (some(node_labels)) yield labelCondition(node_labels, 'node', column('node_labels'), params);
}

function uuidCondition(text: string, params: Params): string {
  if (text === '') return present('uuidMade');
  if (!UUID.test(text))
    return `${present('uuidText')} AND ${column('uuid_text')} = ${params.text(text)}`;
  return `${column('uuid')} = ${params.add(text, 'UUID')} AND NOT ${present('uuidMade')} AND NOT ${present('uuidText')}`;
}

// Whether a drop was a reply is never known; it counts as none.
function replyCondition(wanted: boolean): string {
  const reply = column('is_reply');
  if (wanted) return `${reply} = 2`;
  return `(${reply} = 1 OR (${reply} = 0 AND ${column('verdict')} = ${DROPPED}))`;
}

function nodeCondition(patterns: readonly string[], params: Params): string {
  const name = column('node_name');
  const pattern = params.text(
    `^(?:${patterns.map((each) => nodeNamePattern(each).source).join('|')})$`,
  );
  const qualified = `if(position(${name}, '/') = 0, concat('default/', ${name}), ${name})`;
  return `${name} != '' AND match(${qualified}, ${pattern})`;
}

export function* eventConditions(filter: FlowFilter, params: Params): Generator<Bounds> {
  const { event_type, interface: interfaces, tcp_flags, protocol, dns_query } = filter;
  if (some(event_type))
    yield either(
      event_type.map(({ type = 0, match_sub_type, sub_type = 0 }) => {
        // A type or sub type that is not 0 is there.
        const parts = type !== 0 ? [] : [present('flow.event_type')];
        if (type !== 0) parts.push(`${column('event_type')} = ${params.add(type, 'Int32')}`);
        if (match_sub_type === true)
          parts.push(`${column('event_sub_type')} = ${params.add(sub_type, 'Int32')}`);
        return exactly(parts.join(' AND '));
      }),
    );
  if (some(interfaces))
    yield either(
      interfaces.map(({ index = 0, name = '' }) => {
        const parts = [present('flow.interface')];
        if (index !== 0)
          parts.push(`${column('interface_index')} = ${params.add(index, 'UInt32')}`);
        if (name !== '') parts.push(`${column('interface_name')} = ${params.text(name)}`);
        return exactly(parts.join(' AND '));
      }),
    );
  if (some(tcp_flags))
    yield either(
      tcp_flags.map((flags) => {
        const bits = TCP_FLAGS.reduce((sum, name, bit) => sum + (flags[name] ? 1 << bit : 0), 0);
        const mask = params.add(bits, 'UInt16');
        // Flags that are set are there.
        const there = bits === 0 ? `${present('flow.l4.TCP.flags')} AND ` : '';
        return exactly(`${there}bitAnd(${column('tcp_flags')}, ${mask}) = ${mask}`);
      }),
    );
  if (some(protocol)) yield either(protocol.map((name) => exactly(protocolCondition(name))));
  if (some(dns_query))
    yield either(
      dns_query.map((pattern) => {
        const isDns = exactly(`${column('l7_protocol')} = ${L7_NUMBERS.dns}`);
        return both([isDns, patternCondition(pattern, column('dns_query'), params)]);
      }),
    );
}

function protocolCondition(name: string): string {
  const wanted = protocolMembers(name);
  if (wanted.layer === 'l7') return `${column('l7_protocol')} = ${L7_NUMBERS[wanted.member]}`;
  const numbers = wanted.members.map((member) => L4_NUMBERS[member]);
  return `${column('l4_protocol')} IN (${numbers.join(', ')})`;
}
