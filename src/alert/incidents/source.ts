// Reads what the evaluator needs of stored denials: updated incidents, returned incidents and pods here, facts, folding
// and coverage from query/denials.

import { floorDiv } from '../../hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../incident/incident.ts';
import type { IncidentPods } from '../../incident/incident-event.ts';
import {
  chunks,
  idsParam,
  NEVER,
  readCountedFacts,
  type Since,
} from '../../query/denials/facts.ts';
import { readFoldable } from '../../query/denials/fold.ts';
import { readWatched, type Silence } from '../../query/denials/watched.ts';
import { earlier, HOUR_NS, MINUTE_NS } from '../../runtime/time.ts';
import { bigint, firstRow, list, number, type Row, rows, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { MAX_PODS } from './state.ts';

const SLOT_NS = 5n * MINUTE_NS;
const INCIDENTS = table('incidents');
const DENIALS = table('denials');
const UPDATE = { incident: bigint, lastSeen: bigint, storedAt: number };

/** An incident of which denials were stored; `storedAt` is in milliseconds since 1970. */
export type Update = Row<typeof UPDATE>;

export interface Return {
  /** First denial after the last episode. */
  readonly first: bigint;
  /** Denials before it in the same hour. */
  readonly drops: number;
  readonly verdicts: number;
}

// Long because the statements of one source share the store and its options.
export function createSource(store: Reader, signal: AbortSignal) {
  const options = { signal, own: true };
  return {
    /** Time of the newest stored row, milliseconds since 1970; 0 of an empty table. */
    async newest(): Promise<number> {
      const statement = sql`SELECT toUnixTimestamp64Milli(max(stored_at)) FROM ${INCIDENTS}`;
      return (await firstRow(store, statement, { ms: number }, options))?.ms ?? 0;
    },

    /** Incidents with rows stored since then. */
    updates(sinceMs: number): AsyncIterable<Update> {
      const statement = sql`SELECT incident, toUnixTimestamp64Nano(max(last_seen)), toUnixTimestamp64Milli(max(stored_at))
        FROM ${INCIDENTS} WHERE ${storedSince(sinceMs)} GROUP BY incident`;
      return rows(store, statement, UPDATE, options);
    },

    /** Those of them whose last denial is not in the log. */
    unlogged(sinceMs: number): AsyncIterable<Update> {
      const statement = sql`SELECT stored.incident, toUnixTimestamp64Nano(stored.last), toUnixTimestamp64Milli(stored.at)
        FROM (SELECT incident, max(last_seen) AS last, max(stored_at) AS at FROM ${INCIDENTS}
          WHERE ${storedSince(sinceMs)} GROUP BY incident) AS stored
        LEFT JOIN (SELECT incident, max(last_seen) AS last FROM ${table('incident_events')} GROUP BY incident) AS logged
          ON stored.incident = logged.incident
        WHERE NOT coalesce(logged.last >= stored.last, 0)`;
      return rows(store, statement, UPDATE, options);
    },

    facts: (asked: readonly Since[]) => readCountedFacts(store, asked, options),

    foldable: (leftovers: readonly IncidentFacts[]) => readFoldable(store, leftovers, options),

    watched: (clusters: readonly string[], silence: Silence) =>
      readWatched(store, clusters, silence, options),

    /** Incidents with single denials after `since`. */
    async returns(asked: readonly Since[]): Promise<Map<bigint, Return>> {
      const found = new Map<bigint, Return>();
      const hour = param(HOUR_NS, 'Int64');
      const shape = {
        incident: bigint,
        first: bigint,
        count: number,
        drops: number,
        verdicts: number,
      };
      for (const part of chunks(asked)) {
        const ids = idsParam(part);
        const after = part.map(({ since }) => since);
        const slot = floorDiv(after.reduce(earlier), HOUR_NS) * (HOUR_NS / SLOT_NS);
        const statement = sql`SELECT incident, minIf(nanos, nanos > after), countIf(nanos > after),
            sumIf(drops, nanos <= after), sumIf(verdicts, nanos <= after)
          FROM (SELECT incident, drops, verdicts, toUnixTimestamp64Nano(time) AS nanos,
              transform(incident, ${ids}, ${param(after, 'Array(Int64)')}, toInt64(0)) AS after
            FROM ${DENIALS} WHERE time_slot >= ${param(slot, 'Int32')} AND incident IN ${ids}
              AND nanos >= intDiv(after, ${hour}) * ${hour})
          GROUP BY incident`;
        for await (const { incident, first, count, ...before } of rows(
          store,
          statement,
          shape,
          options,
        )) {
          if (count === 0) continue;
          const since = part.find((each) => each.incident === incident)?.since ?? 0n;
          const sameHour = floorDiv(first, HOUR_NS) === floorDiv(since, HOUR_NS);
          found.set(incident, { first, ...(sameHour ? before : { drops: 0, verdicts: 0 }) });
        }
      }
      return found;
    },

    /** Pods at both ends of denials from the slot of `since` on, MAX_PODS at most. */
    async pods(asked: readonly Since[]): Promise<Map<bigint, IncidentPods>> {
      const pods = new Map<bigint, IncidentPods>();
      const shape = { incident: bigint, source: list(text), destination: list(text) };
      for (const part of chunks(asked)) {
        const ids = idsParam(part);
        const slots = part.map(({ since }) => floorDiv(since, SLOT_NS));
        // 17: one more than MAX_PODS.
        const statement = sql`SELECT incident,
            groupUniqArrayIf(17)(source_pod_name, source_pod_name != ''),
            groupUniqArrayIf(17)(destination_pod_name, destination_pod_name != '')
          FROM ${DENIALS} WHERE time_slot >= ${param(slots.reduce(earlier), 'Int32')} AND incident IN ${ids}
            AND time_slot >= transform(incident, ${ids}, ${param(slots, 'Array(Int32)')}, ${NEVER})
          GROUP BY incident`;
        for await (const { incident, source, destination } of rows(
          store,
          statement,
          shape,
          options,
        ))
          pods.set(incident, { source: firstPods(source), destination: firstPods(destination) });
      }
      return pods;
    },
  };
}

export type Source = ReturnType<typeof createSource>;

function firstPods(names: readonly string[]): string[] {
  return names.toSorted().slice(0, MAX_PODS);
}

function storedSince(ms: number): Sql {
  const since = param(Math.max(0, Math.floor(ms)), 'Int64');
  return sql`stored_at >= fromUnixTimestamp64Milli(${since}, 'UTC')`;
}
