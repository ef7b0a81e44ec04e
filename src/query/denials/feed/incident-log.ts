// The log of incident events, the table `incident_events`: reading it, and rows as a block to insert.
import { randomUUID } from 'node:crypto';
import type { IncidentEventKind } from '../../../incident/incident-event.ts';
import { encodeRows } from '../../../store/native/native-rows.ts';
import { INCIDENT_EVENT_COLUMNS } from '../../../store/schema/alert-columns.ts';
import type { NativeBlock, QueryOptions, QueryParams, Reader } from '../../../store/store.ts';

/** A row; numbers and times as in the columns, times in nanoseconds since 1970 but for `receivedAt`. */
export interface IncidentLogRow {
  readonly sequence: bigint;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly evaluator: string;
  readonly key: string;
  readonly incident: bigint;
  readonly episode: bigint;
  readonly kind: IncidentEventKind;
  readonly step: number;
  readonly silent: boolean;
  readonly openedAt: bigint;
  readonly lastSeen: bigint;
  readonly drops: number;
  readonly verdicts: number;
  readonly dropsBefore: number;
  readonly verdictsBefore: number;
  readonly cluster: string;
  readonly verdict: number;
  readonly sourceCluster: string;
  readonly sourceNamespace: string;
  readonly destinationCluster: string;
  readonly destinationNamespace: string;
  readonly document: string;
}

const SELECT = `SELECT toString(sequence), toUnixTimestamp64Milli(received_at), evaluator, key, toString(incident),
  toString(episode), kind, step, silent, toString(toUnixTimestamp64Nano(opened_at)),
  toString(toUnixTimestamp64Nano(last_seen)), drops, verdicts, drops_before, verdicts_before, cluster, verdict,
  source_cluster, source_namespace, destination_cluster, destination_namespace, document FROM incident_events`;

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
  const rows = async (sql: string, params: QueryParams) => {
    const found: IncidentLogRow[] = [];
    for await (const row of store.query(`${SELECT} ${sql}`, params, options))
      found.push(rowOf(row));
    return found;
  };
  return {
    async last() {
      const sql = 'SELECT toString(max(sequence)) FROM incident_events';
      for await (const [sequence] of store.query(sql, {}, options)) return BigInt(String(sequence));
      return 0n;
    },
    read({ after, until, limit, silent = false, once = false }) {
      const where = ['sequence > {after:UInt64}'];
      if (until !== undefined) where.push('sequence <= {until:UInt64}');
      if (!silent) where.push('silent = 0');
      return rows(
        `WHERE ${where.join(' AND ')} ORDER BY sequence ${once ? 'LIMIT 1 BY key ' : ''}LIMIT {limit:UInt32}`,
        { after, limit, ...(until !== undefined && { until }) },
      );
    },
    lastOf: (incidents) =>
      rows(
        'WHERE incident IN {incidents:Array(UInt64)} ORDER BY sequence DESC LIMIT 1 BY incident',
        { incidents },
      ),
    open: (after, limit) =>
      rows(
        `WHERE (incident, sequence) IN (
          SELECT incident, max(sequence) FROM incident_events WHERE incident > {after:UInt64}
          GROUP BY incident HAVING argMax(kind, sequence) != 'resolved' ORDER BY incident LIMIT {limit:UInt32})
        ORDER BY incident, sequence LIMIT 1 BY incident`,
        { after, limit },
      ),
    byKeys: (keys) =>
      rows('WHERE key IN {keys:Array(String)} ORDER BY sequence LIMIT 1 BY key', { keys }),
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

function rowOf(row: readonly unknown[]): IncidentLogRow {
  const text = (index: number) => String(row[index]);
  const number = (index: number) => Number(row[index]);
  return {
    sequence: BigInt(text(0)),
    receivedAt: number(1),
    evaluator: text(2),
    key: text(3),
    incident: BigInt(text(4)),
    episode: BigInt(text(5)),
    kind: text(6) as IncidentEventKind, // nothing else is written
    step: number(7),
    silent: number(8) === 1,
    openedAt: BigInt(text(9)),
    lastSeen: BigInt(text(10)),
    drops: number(11),
    verdicts: number(12),
    dropsBefore: number(13),
    verdictsBefore: number(14),
    cluster: text(15),
    verdict: number(16),
    sourceCluster: text(17),
    sourceNamespace: text(18),
    destinationCluster: text(19),
    destinationNamespace: text(20),
    document: text(21),
  };
}
