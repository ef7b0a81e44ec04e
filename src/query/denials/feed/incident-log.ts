// The log of incident events, the table `incident_events`: reading it, and rows as a block to insert.
import { randomUUID } from 'node:crypto';
import { INCIDENT_EVENT_KINDS } from '../../../incident/incident-event.ts';
import { encodeRows } from '../../../store/native/native-rows.ts';
import {
  bigint,
  firstRow,
  flag,
  number,
  oneOf,
  type Row,
  rows,
  text,
} from '../../../store/rows.ts';
import { INCIDENT_EVENT_COLUMNS } from '../../../store/schema/alert-columns.ts';
import { allOf, EMPTY, param, type Sql, sql, table } from '../../../store/sql.ts';
import type { NativeBlock, QueryOptions, Reader } from '../../../store/store.ts';

const ROW = {
  sequence: bigint,
  receivedAt: number,
  evaluator: text,
  key: text,
  incident: bigint,
  episode: bigint,
  kind: oneOf(INCIDENT_EVENT_KINDS),
  step: number,
  silent: flag,
  openedAt: bigint,
  lastSeen: bigint,
  drops: number,
  verdicts: number,
  dropsBefore: number,
  verdictsBefore: number,
  cluster: text,
  verdict: number,
  sourceCluster: text,
  sourceNamespace: text,
  destinationCluster: text,
  destinationNamespace: text,
  document: text,
};
const LOG = table('incident_events');
const SELECT = sql`SELECT sequence, toUnixTimestamp64Milli(received_at), evaluator, key, incident, episode, kind, step,
  silent, toUnixTimestamp64Nano(opened_at), toUnixTimestamp64Nano(last_seen), drops, verdicts, drops_before,
  verdicts_before, cluster, verdict, source_cluster, source_namespace, destination_cluster, destination_namespace,
  document FROM ${LOG}`;

/** A row; numbers and times as in the columns, times in nanoseconds since 1970 but for `receivedAt`. */
export type IncidentLogRow = Row<typeof ROW>;

export interface LogRange {
  /** Rows with a greater sequence. */
  readonly after: bigint;
  readonly until?: bigint;
  readonly limit: number;
  /** Silent rows too, which no receiver gets. */
  readonly silent?: boolean;
  /** The first of rows with the same key only. */
  readonly once?: boolean;
}

export interface IncidentLog {
  /** Sequence of the last row; 0 of an empty log. */
  last(): Promise<bigint>;
  /** Rows by sequence. */
  read(range: LogRange): Promise<readonly IncidentLogRow[]>;
  /** The last row of each incident that has one. */
  lastOf(incidents: readonly bigint[]): Promise<readonly IncidentLogRow[]>;
  /** The last rows of open incidents with a greater number, by number. */
  open(after: bigint, limit: number): Promise<readonly IncidentLogRow[]>;
  /** The first row of each key. */
  byKeys(keys: readonly string[]): Promise<readonly IncidentLogRow[]>;
}

export function incidentLog(store: Reader, options?: QueryOptions): IncidentLog {
  const read = async (rest: Sql) => {
    const found: IncidentLogRow[] = [];
    for await (const row of rows(store, sql`${SELECT} ${rest}`, ROW, options)) found.push(row);
    return found;
  };
  return {
    async last() {
      const statement = sql`SELECT max(sequence) FROM ${LOG}`;
      const row = await firstRow(store, statement, { sequence: bigint }, options);
      return row?.sequence ?? 0n;
    },
    read({ after, until, limit, silent = false, once = false }) {
      const where = [sql`sequence > ${param(after, 'UInt64')}`];
      if (until !== undefined) where.push(sql`sequence <= ${param(until, 'UInt64')}`);
      if (!silent) where.push(sql`silent = 0`);
      return read(
        sql`WHERE ${allOf(where)} ORDER BY sequence ${once ? sql`LIMIT 1 BY key` : EMPTY} LIMIT ${param(limit, 'UInt32')}`,
      );
    },
    lastOf: (incidents) =>
      read(
        sql`WHERE incident IN ${param(incidents, 'Array(UInt64)')} ORDER BY sequence DESC LIMIT 1 BY incident`,
      ),
    open: (after, limit) =>
      read(
        sql`WHERE (incident, sequence) IN (
          SELECT incident, max(sequence) FROM ${LOG} WHERE incident > ${param(after, 'UInt64')}
          GROUP BY incident HAVING argMax(kind, sequence) != 'resolved'
          ORDER BY incident LIMIT ${param(limit, 'UInt32')})
        ORDER BY incident, sequence LIMIT 1 BY incident`,
      ),
    byKeys: (keys) =>
      read(sql`WHERE key IN ${param(keys, 'Array(String)')} ORDER BY sequence LIMIT 1 BY key`),
  };
}

export function encodeIncidentLog(events: readonly IncidentLogRow[]): NativeBlock {
  return encodeRows(
    'incident_events',
    INCIDENT_EVENT_COLUMNS,
    events.map((row) => ({
      sequence: row.sequence,
      received_at: BigInt(row.receivedAt),
      uuid: uuidBytes(),
      evaluator: row.evaluator,
      key: row.key,
      incident: row.incident,
      episode: row.episode,
      kind: row.kind,
      step: row.step,
      silent: row.silent ? 1 : 0,
      opened_at: row.openedAt,
      last_seen: row.lastSeen,
      drops: BigInt(row.drops),
      verdicts: BigInt(row.verdicts),
      drops_before: BigInt(row.dropsBefore),
      verdicts_before: BigInt(row.verdictsBefore),
      cluster: row.cluster,
      verdict: row.verdict,
      source_cluster: row.sourceCluster,
      source_namespace: row.sourceNamespace,
      destination_cluster: row.destinationCluster,
      destination_namespace: row.destinationNamespace,
      document: row.document,
    })),
  );
}

/** A random UUID as 16 bytes. */
export function uuidBytes(): Buffer {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
}
