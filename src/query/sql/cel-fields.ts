// Which columns hold the fields that CEL expressions name. A field that is not set reads as its default on both sides:
// columns are made that way.
import { TCP_FLAGS } from '../../hubble/filter/event.ts';
import { FLOW_COLUMNS, MESSAGE_PATHS } from '../../store/schema/columns.ts';
import { type Sql, sql } from '../../store/sql.ts';
import { column, present } from './columns.ts';

export interface SqlField {
  readonly kind: 'number' | 'text' | 'bool' | 'lines' | 'reply';
  readonly sql: Sql;
}

const L4_MEMBERS = { TCP: 1, UDP: 2, ICMPv4: 3, ICMPv6: 4, SCTP: 5, VRRP: 6, IGMP: 7 } as const;
const L7_MEMBERS = { dns: 1, http: 2, kafka: 3 } as const;
const PORTS = ['source_port', 'destination_port'] as const;
/** Columns whose path is a field, but whose values are not simply that field's. */
const OTHERWISE: ReadonlySet<string> = new Set([
  'uuid',
  'uuid_text',
  'time',
  'l4',
  'l7',
  'is_reply',
]);
const BOOLS: ReadonlySet<string> = new Set(['reply', 'IP.encrypted']);

const FIELDS: ReadonlyMap<string, SqlField> = new Map([...catalogued(), ...members()]);
const PRESENT: ReadonlyMap<string, Sql> = new Map(presences());

/** By the path below `_flow`, such as `source.pod_name`. */
export function fieldSql(path: string): SqlField | undefined {
  return FIELDS.get(path);
}

/** `has(_flow.PATH)` as SQL. */
export function presenceSql(path: string): Sql | undefined {
  const known = PRESENT.get(path);
  const field = FIELDS.get(path);
  if (known !== undefined || field === undefined) return known;
  switch (field.kind) {
    case 'number':
    case 'reply':
      return sql`${field.sql} != 0`;
    case 'text':
    case 'lines':
      return sql`${field.sql} != ''`;
    case 'bool':
      return field.sql;
  }
}

function* catalogued(): Generator<[string, SqlField]> {
  for (const { name, encoding, path } of FLOW_COLUMNS) {
    const field = path?.startsWith('flow.') ? path.slice('flow.'.length) : undefined;
    if (field === undefined || field.includes('*') || OTHERWISE.has(field)) continue;
    const kind = kindOf(encoding);
    const value = column(name);
    if (BOOLS.has(field)) yield [field, { kind: 'bool', sql: sql`${value} = 1` }];
    else if (kind !== undefined) yield [field, { kind, sql: value }];
  }
  yield ['is_reply', { kind: 'reply', sql: column('is_reply') }];
}

function kindOf(encoding: string): 'number' | 'text' | 'lines' | undefined {
  if (/^[iu]\d+$/.test(encoding)) return 'number';
  return encoding === 'lc' ? 'text' : encoding === 'lines' ? 'lines' : undefined;
}

// One column serves several members of l4: it counts only where that member was there.
function* members(): Generator<[string, SqlField]> {
  const of = (member: keyof typeof L4_MEMBERS, value: Sql): SqlField => ({
    kind: 'number',
    sql: sql`if(${column('l4_protocol')} = ${L4_MEMBERS[member]}, ${value}, 0)`,
  });
  for (const member of ['TCP', 'UDP', 'SCTP'] as const)
    for (const port of PORTS) yield [`l4.${member}.${port}`, of(member, column(port))];
  for (const member of ['ICMPv4', 'ICMPv6'] as const) {
    yield [`l4.${member}.type`, of(member, column('icmp_type'))];
    yield [`l4.${member}.code`, of(member, column('icmp_code'))];
  }
  for (const member of ['VRRP', 'IGMP'] as const)
    yield [`l4.${member}.type`, of(member, column('icmp_type'))];
  for (const [bit, flag] of TCP_FLAGS.entries())
    yield [
      `l4.TCP.flags.${flag}`,
      { kind: 'bool', sql: sql`bitTest(${column('tcp_flags')}, ${bit})` },
    ];
}

function* presences(): Generator<[string, Sql]> {
  for (const path of MESSAGE_PATHS) yield [path.slice('flow.'.length), present(path)];
  for (const [member, number] of Object.entries(L4_MEMBERS))
    yield [`l4.${member}`, sql`${column('l4_protocol')} = ${number}`];
  for (const [member, number] of Object.entries(L7_MEMBERS))
    yield [`l7.${member}`, sql`${column('l7_protocol')} = ${number}`];
}
