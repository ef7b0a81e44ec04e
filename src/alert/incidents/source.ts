// What the tables hold of incidents, as the evaluator asks for it: which of them something was stored of, what they are
// and how often, which pods, and how long their clusters were collected.

import { floorDiv } from '../../hubble/proto/timestamp.ts';
import type { IncidentFacts } from '../../incident/incident.ts';
import type { IncidentPods } from '../../incident/incident-event.ts';
import {
  TRAFFIC_COLUMNS,
  TRAFFIC_TEXT,
  TRAFFIC_WIDTH,
  trafficAt,
  trafficText,
} from '../../query/denials/incident-traffic.ts';
import { HOUR_NS, MINUTE_NS } from '../../runtime/time.ts';
import type { QueryParams, Store } from '../../store/store.ts';
import { MAX_PODS } from './state.ts';
import { readWatched } from './watched.ts';

/** Incidents in one question: they stand in it three times, and ClickHouse parses no more than 256 KiB of one. */
export const CHUNK = 1000;

const SLOT_NS = 5n * MINUTE_NS;
const NEVER = 2 ** 31 - 1;
const STORED_SINCE = "stored_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')";

export interface Touched {
  readonly incident: bigint;
  readonly lastSeen: bigint;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** An incident and since when it is counted, in nanoseconds. */
export interface Since {
  readonly incident: bigint;
  readonly since: bigint;
}

export type Pods = ReadonlyMap<bigint, IncidentPods>;

export function createSource(store: Pick<Store, 'query'>, signal: AbortSignal) {
  const query = (sql: string, params: QueryParams) =>
    store.query(sql, params, { signal, own: true });

  return {
    /** The newest moment something was stored; milliseconds since 1970, 0 of an empty table. */
    async newest(): Promise<number> {
      const sql = 'SELECT toUnixTimestamp64Milli(max(stored_at)) FROM incidents';
      for await (const [ms] of query(sql, {})) return Number(ms);
      return 0;
    },

    /** Of what was stored from that moment on. */
    async *touched(sinceMs: number): AsyncGenerator<Touched> {
      const sql = `SELECT toString(incident), toString(toUnixTimestamp64Nano(max(last_seen))),
          toUnixTimestamp64Milli(max(stored_at))
        FROM incidents WHERE ${STORED_SINCE} GROUP BY incident`;
      for await (const row of query(sql, { since: moment(sinceMs) })) yield touchedOf(row);
    },

    /** The same, of those only of which the log has not all. */
    async *behind(sinceMs: number): AsyncGenerator<Touched> {
      const sql = `SELECT toString(stored.incident), toString(toUnixTimestamp64Nano(stored.last)),
          toUnixTimestamp64Milli(stored.at)
        FROM (SELECT incident, max(last_seen) AS last, max(stored_at) AS at FROM incidents
          WHERE ${STORED_SINCE} GROUP BY incident) AS stored
        LEFT JOIN (SELECT incident, max(last_seen) AS last FROM incident_events GROUP BY incident) AS told
          ON stored.incident = told.incident
        WHERE NOT coalesce(told.last >= stored.last, 0)`;
      for await (const row of query(sql, { since: moment(sinceMs) })) yield touchedOf(row);
    },

    /** What each is, when it was seen, and its counts since the hour of the moment asked for. */
    async facts(asked: readonly Since[]): Promise<Map<bigint, IncidentFacts>> {
      const facts = new Map<bigint, IncidentFacts>();
      const sql = `SELECT toString(incident), ${TRAFFIC_COLUMNS},
          toString(toUnixTimestamp64Nano(min(first_seen))), toString(toUnixTimestamp64Nano(max(last_seen))),
          sumIf(drops, counted), sumIf(verdicts, counted)
        FROM (SELECT *, hour >= transform(incident, {ids:Array(UInt64)}, {hours:Array(Int32)}, toInt32(${NEVER})) AS counted
          FROM incidents WHERE incident IN {ids:Array(UInt64)}) GROUP BY incident`;
      for (const part of chunks(asked)) {
        const hours = part.map(({ since }) => Number(floorDiv(since, HOUR_NS)));
        for await (const row of query(sql, { ids: idsOf(part), hours })) {
          const found = factsOf(row);
          facts.set(found.incident, found);
        }
      }
      return facts;
    },

    /** Those of which exactly one incident of the same traffic names the policy. */
    async named(asked: readonly IncidentFacts[]): Promise<ReadonlySet<bigint>> {
      const keys = new Map(asked.map((each) => [trafficText(each), each.incident]));
      const sql = `SELECT traffic FROM (SELECT incident, ${TRAFFIC_TEXT} AS traffic FROM incidents WHERE policies != '')
        WHERE traffic IN {traffic:Array(String)} GROUP BY traffic HAVING uniqExact(incident) = 1`;
      const found = new Set<bigint>();
      for (const traffic of chunks([...keys.keys()], 200))
        for await (const [text] of query(sql, { traffic }))
          found.add(keys.get(String(text)) ?? -1n);
      return found;
    },

    /**
     * Of incidents that are back after `since`: their first denial behind it, and what was counted before in the same
     * hour. Nothing of those of which only `incidents` tells so far.
     */
    async again(asked: readonly Since[]): Promise<Map<bigint, Again>> {
      const found = new Map<bigint, Again>();
      const sql = `SELECT toString(incident), toString(minIf(nanos, nanos > after)), countIf(nanos > after),
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

    /** How long clusters were collected, from that moment on. */
    watched: (clusters: readonly string[], sinceMs: number) =>
      readWatched(store, clusters, sinceMs, signal),

    /** Pods at both ends of denials since each moment, to five minutes; one more than is remembered at most. */
    async pods(asked: readonly Since[]): Promise<Pods> {
      const pods = new Map<bigint, IncidentPods>();
      const sql = `SELECT toString(incident), groupUniqArrayIf(${MAX_PODS + 1})(source_pod_name, source_pod_name != ''),
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

export interface Again {
  readonly first: bigint;
  readonly drops: number;
  readonly verdicts: number;
}

export function* chunks<T>(all: readonly T[], size = CHUNK): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

function idsOf(asked: readonly Since[]): readonly bigint[] {
  return asked.map(({ incident }) => incident);
}

/** A chunk's pods may be thousands of names; each end is a sorted few. */
function names(cell: unknown): string[] {
  return Array.isArray(cell) ? cell.map(String).sort().slice(0, MAX_PODS) : [];
}

function moment(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms)));
}

function touchedOf(row: readonly unknown[]): Touched {
  return {
    incident: BigInt(String(row[0])),
    lastSeen: BigInt(String(row[1])),
    storedAt: Number(row[2]),
  };
}

function factsOf(row: readonly unknown[]): IncidentFacts {
  const [firstSeen, lastSeen, drops, verdicts] = row.slice(1 + TRAFFIC_WIDTH);
  return {
    incident: BigInt(String(row[0])),
    ...trafficAt(row, 1),
    firstSeen: BigInt(String(firstSeen)),
    lastSeen: BigInt(String(lastSeen)),
    drops: Number(drops),
    verdicts: Number(verdicts),
  };
}
