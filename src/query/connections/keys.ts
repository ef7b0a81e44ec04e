// Conversations as SQL names them: one number for both ways between two addresses and ports. Two of the same number
// only cost reading; stitching separates them.
import { type Sql, sql } from '../../store/sql.ts';
import { column } from '../sql/columns.ts';

const end = (address: Sql, port: Sql) => sql`cityHash64(${address}, ${port})`;
const between = (source: Sql) =>
  sql`toUInt64(${end(source, column('source_port'))} + ${end(column('ip_destination'), column('destination_port'))} + ${column('l4_protocol')})`;

/** Of the addresses as the flow's node names them. */
export const CONVERSATION = between(column('ip_source'));
/** With the source's address after translation: how the other end sees it. */
export const TRANSLATED = between(column('ip_source_xlated'));
/** Flows between two addresses; socket translations (type 3) are of a process's call. */
export const BETWEEN_ADDRESSES = sql`${column('ip_source')} != '' AND ${column('ip_destination')} != '' AND ${column('type')} != 3`;
