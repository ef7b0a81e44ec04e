// The log of incidents as the evaluator writes it and reads it again.
import { randomUUID } from 'node:crypto';
import {
  encodeIncidentLog,
  type IncidentLogRow,
  lastSequence,
  readIncidentLog,
  readLastRows,
  readOpenRows,
} from '../../query/denials/feed/incident-log.ts';
import type { Store } from '../../store/store.ts';

export interface IncidentLog {
  /** The place of the last row; 0 of an empty log. */
  last(): Promise<bigint>;
  /** Rows behind a place, in order. */
  behind(after: bigint, limit: number): Promise<readonly IncidentLogRow[]>;
  /** The last rows of open incidents, by number. */
  open(after: bigint, limit: number): Promise<readonly IncidentLogRow[]>;
  /** The last row of each that has one. */
  lastOf(incidents: readonly bigint[]): Promise<readonly IncidentLogRow[]>;
  /** All of them or none. */
  append(rows: readonly IncidentLogRow[]): Promise<void>;
}

export function createIncidentLog(
  store: Pick<Store, 'query' | 'insert'>,
  signal: AbortSignal,
): IncidentLog {
  const options = { signal, own: true };
  return {
    last: () => lastSequence(store, options),
    behind: (after, limit) => readIncidentLog(store, { after, limit, silent: true }, options),
    open: (after, limit) => readOpenRows(store, after, limit, options),
    lastOf: (incidents) => readLastRows(store, incidents, options),
    // A token of its own: what a kill took from an insert half made must not be taken for stored.
    append: (rows) => store.insert(encodeIncidentLog(rows), { token: randomUUID() }),
  };
}
