// Reads what the evaluator needs of stored denials: updated incidents, returned incidents and pods here, facts, folding
// and coverage from query/denials.

import { floorDiv } from '../../hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../incident/incident.ts';
import type { IncidentPods } from '../../incident/incident-event.ts';
import { chunks, NEVER, readCountedFacts, type Since } from '../../query/denials/facts.ts';
import { readFoldable } from '../../query/denials/fold.ts';
import { readWatched, type Silence } from '../../query/denials/watched.ts';
import { HOUR_NS, MINUTE_NS } from '../../runtime/time.ts';
import type { QueryParams, Reader } from '../../store/store.ts';
import { MAX_PODS } from './state.ts';

const SLOT_NS = 5n * MINUTE_NS;
const STORED_SINCE = "stored_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')";

/** An incident of which denials were stored. */
export interface Update {
  readonly incident: bigint;
  readonly lastSeen: bigint;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

export interface Return {
  /** First denial after the last episode. */
  readonly first: bigint;
  /** Denials before it in the same hour. */
  readonly drops: number;
  readonly verdicts: number;
}

export function createSource(store: Reader, signal: AbortSignal) {
  const options = { signal, own: true };
  const query = (sql: string, params: QueryParams) => store.query(sql, params, options);

  return {
    /** Time of the newest stored row, milliseconds since 1970; 0 of an empty table. */
    async newest(): Promise<number> {
      const sql = 'SELECT toUnixTimestamp64Milli(max(stored_at)) FROM incidents';
      for await (const [ms] of query(sql, {})) return Number(ms);
      return 0;
    },

    /** Incidents with rows stored since then. */
    async *updates(sinceMs: number): AsyncGenerator<Update> {
      const sql = `SELECT incident, toUnixTimestamp64Nano(max(last_seen)), toUnixTimestamp64Milli(max(stored_at))
        FROM incidents WHERE ${STORED_SINCE} GROUP BY incident`;
      for await (const row of query(sql, { since: storedSince(sinceMs) })) yield updateOf(row);
    },

    /** Those of them whose last denial is not in the log. */
    async *unlogged(sinceMs: number): AsyncGenerator<Update> {
      const sql = `SELECT stored.incident, toUnixTimestamp64Nano(stored.last), toUnixTimestamp64Milli(stored.at)
        FROM (SELECT incident, max(last_seen) AS last, max(stored_at) AS at FROM incidents
          WHERE ${STORED_SINCE} GROUP BY incident) AS stored
        LEFT JOIN (SELECT incident, max(last_seen) AS last FROM incident_events GROUP BY incident) AS logged
          ON stored.incident = logged.incident
        WHERE NOT coalesce(logged.last >= stored.last, 0)`;
      for await (const row of query(sql, { since: storedSince(sinceMs) })) yield updateOf(row);
    },

    facts: (asked: readonly Since[]) => readCountedFacts(store, asked, options),

    foldable: (leftovers: readonly IncidentFacts[]) => readFoldable(store, leftovers, options),

    watched: (clusters: readonly string[], silence: Silence) =>
      readWatched(store, clusters, silence, options),

    /** Incidents with single denials after `since`. */
    async returns(asked: readonly Since[]): Promise<Map<bigint, Return>> {
      const found = new Map<bigint, Return>();
      const sql = `SELECT incident, minIf(nanos, nanos > after), countIf(nanos > after),
          sumIf(drops, nanos <= after), sumIf(verdicts, nanos <= after)
        FROM (SELECT incident, drops, verdicts, toUnixTimestamp64Nano(time) AS nanos,
            transform(incident, {ids:Array(UInt64)}, {after:Array(Int64)}, toInt64(0)) AS after
          FROM denials WHERE time_slot >= {slot:Int32} AND incident IN {ids:Array(UInt64)}
            AND nanos >= intDiv(after, ${HOUR_NS}) * ${HOUR_NS})
        GROUP BY incident`;
      for (const part of chunks(asked)) {
        const after = part.map(({ since }) => since);
        const from = after.toSorted((a, b) => (a < b ? -1 : 1))[0] ?? 0n;
        const slot = Number(floorDiv(from, HOUR_NS) * (HOUR_NS / SLOT_NS));
        for await (const row of query(sql, { ids: idsOf(part), after, slot })) {
          if (Number(row[2]) === 0) continue;
          const incident = BigInt(String(row[0]));
          const first = BigInt(String(row[1]));
          const since = part.find((each) => each.incident === incident)?.since ?? 0n;
          const sameHour = floorDiv(first, HOUR_NS) === floorDiv(since, HOUR_NS);
          found.set(incident, {
            first,
            drops: sameHour ? Number(row[3]) : 0,
            verdicts: sameHour ? Number(row[4]) : 0,
          });
        }
      }
      return found;
    },

    /** Pods at both ends of denials from the slot of `since` on; one more than MAX_PODS at most. */
    async pods(asked: readonly Since[]): Promise<Map<bigint, IncidentPods>> {
      const pods = new Map<bigint, IncidentPods>();
      const sql = `SELECT incident, groupUniqArrayIf(${MAX_PODS + 1})(source_pod_name, source_pod_name != ''),
          groupUniqArrayIf(${MAX_PODS + 1})(destination_pod_name, destination_pod_name != '')
        FROM denials WHERE time_slot >= {slot:Int32} AND incident IN {ids:Array(UInt64)}
          AND time_slot >= transform(incident, {ids:Array(UInt64)}, {slots:Array(Int32)}, toInt32(${NEVER}))
        GROUP BY incident`;
      for (const part of chunks(asked)) {
        const slots = part.map(({ since }) => Number(floorDiv(since, SLOT_NS)));
        const slot = Math.min(...slots);
        for await (const row of query(sql, { ids: idsOf(part), slots, slot }))
          pods.set(BigInt(String(row[0])), { source: names(row[1]), destination: names(row[2]) });
      }
      return pods;
    },
  };
}

export type Source = ReturnType<typeof createSource>;

function idsOf(asked: readonly Since[]): readonly bigint[] {
  return asked.map(({ incident }) => incident);
}

function names(cell: unknown): string[] {
  return Array.isArray(cell) ? cell.map(String).sort().slice(0, MAX_PODS) : [];
}

function storedSince(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms)));
}

function updateOf(row: readonly unknown[]): Update {
  return {
    incident: BigInt(String(row[0])),
    lastSeen: BigInt(String(row[1])),
    storedAt: Number(row[2]),
  };
}
