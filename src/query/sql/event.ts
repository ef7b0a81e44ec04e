// The fields of a FlowFilter about the flow itself, its event and its protocols.
import { FILTERS } from '../../hubble/filter/catalogue.ts';
import { some } from '../../hubble/filter/condition.ts';
import { protocolMembers, TCP_FLAGS } from '../../hubble/filter/event.ts';
import { nodeNamePattern } from '../../hubble/filter/pattern.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { join, param, type Sql, type SqlParam, sql } from '../../store/sql.ts';
import { type Bounds, both, either, exactly } from './bounds.ts';
import { column, columnNamed, present } from './columns.ts';
import { labelCondition } from './labels.ts';
import { patternCondition } from './regex.ts';
import { string } from './values.ts';

const DROPPED = 2;
const L4_NUMBERS = { TCP: 1, UDP: 2, ICMPv4: 3, ICMPv6: 4, SCTP: 5, VRRP: 6, IGMP: 7 } as const;
const L7_NUMBERS = { dns: 1, http: 2, kafka: 3 } as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function* flowConditions(filter: FlowFilter): Generator<Bounds> {
  const { uuid, drop_reason_desc } = filter;
  if (some(uuid)) yield either(uuid.map((text) => exactly(uuidCondition(text))));
  for (const { equality } of FILTERS) {
    const wanted: readonly unknown[] | undefined = equality && filter[equality.field];
    if (equality === undefined || !some(wanted)) continue;
    // Truth values are numbers in the column.
    const values = equality.type === 'Int32' ? wanted.map(Number) : wanted;
    // The catalogue names the type of the values.
    const list = param(values as SqlParam, `Array(${equality.type})`);
    yield exactly(sql`${columnNamed(equality.column)} IN ${list}`);
  }
  if (some(drop_reason_desc))
    yield exactly(
      sql`${column('verdict')} = ${DROPPED} AND ${column('drop_reason_desc')} IN ${param(drop_reason_desc, 'Array(Int32)')}`,
    );
  const { reply, node_name, node_labels } = filter;
  if (some(reply)) yield either(reply.map((wanted) => exactly(replyCondition(wanted))));
  if (some(node_name)) yield exactly(nodeCondition(node_name));
  if (some(node_labels)) yield labelCondition(node_labels, 'node', column('node_labels'));
}

function uuidCondition(text: string): Sql {
  if (text === '') return present('uuidMade');
  if (!UUID.test(text))
    return sql`${present('uuidText')} AND ${column('uuid_text')} = ${string(text)}`;
  return sql`${column('uuid')} = ${param(text, 'UUID')} AND NOT ${present('uuidMade')} AND NOT ${present('uuidText')}`;
}

// Whether a drop was a reply is never known; it counts as none.
function replyCondition(wanted: boolean): Sql {
  const reply = column('is_reply');
  if (wanted) return sql`${reply} = 2`;
  return sql`(${reply} = 1 OR (${reply} = 0 AND ${column('verdict')} = ${DROPPED}))`;
}

function nodeCondition(patterns: readonly string[]): Sql {
  const name = column('node_name');
  const pattern = string(`^(?:${patterns.map((each) => nodeNamePattern(each).source).join('|')})$`);
  const qualified = sql`if(position(${name}, '/') = 0, concat('default/', ${name}), ${name})`;
  return sql`${name} != '' AND match(${qualified}, ${pattern})`;
}

export function* eventConditions(filter: FlowFilter): Generator<Bounds> {
  const { event_type, interface: interfaces, tcp_flags, protocol, dns_query } = filter;
  if (some(event_type))
    yield either(
      event_type.map(({ type = 0, match_sub_type, sub_type = 0 }) => {
        // A type or sub type that is not 0 is there.
        const is =
          type === 0
            ? present('flow.event_type')
            : sql`${column('event_type')} = ${param(type, 'Int32')}`;
        if (match_sub_type !== true) return exactly(is);
        return exactly(sql`${is} AND ${column('event_sub_type')} = ${param(sub_type, 'Int32')}`);
      }),
    );
  if (some(interfaces))
    yield either(
      interfaces.map(({ index = 0, name = '' }) => {
        const parts = [present('flow.interface')];
        if (index !== 0) parts.push(sql`${column('interface_index')} = ${param(index, 'UInt32')}`);
        if (name !== '') parts.push(sql`${column('interface_name')} = ${string(name)}`);
        return exactly(join(parts, sql` AND `));
      }),
    );
  if (some(tcp_flags))
    yield either(
      tcp_flags.map((flags) => {
        const bits = TCP_FLAGS.reduce((sum, name, bit) => sum + (flags[name] ? 1 << bit : 0), 0);
        const mask = param(bits, 'UInt16');
        // Flags that are set are there.
        const set = sql`bitAnd(${column('tcp_flags')}, ${mask}) = ${mask}`;
        return exactly(bits === 0 ? sql`${present('flow.l4.TCP.flags')} AND ${set}` : set);
      }),
    );
  if (some(protocol)) yield either(protocol.map((name) => exactly(protocolCondition(name))));
  if (some(dns_query))
    yield either(
      dns_query.map((pattern) => {
        const isDns = exactly(sql`${column('l7_protocol')} = ${L7_NUMBERS.dns}`);
        return both([isDns, patternCondition(pattern, column('dns_query'))]);
      }),
    );
}

function protocolCondition(name: string): Sql {
  const wanted = protocolMembers(name);
  if (wanted.layer === 'l7') return sql`${column('l7_protocol')} = ${L7_NUMBERS[wanted.member]}`;
  const numbers = wanted.members.map((member) => sql`${L4_NUMBERS[member]}`);
  return sql`${column('l4_protocol')} IN (${join(numbers, sql`, `)})`;
}
