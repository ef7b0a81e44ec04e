// What the cluster at the other end saw of denied traffic: an ingress denial is a forwarded flow in the cluster of the
// source. Read from `flow_totals`, so with a resolution of five minutes.
import { enumName } from '../../hubble/names.ts';
import { Verdict } from '../../hubble/proto/schema.gen.ts';
import type { Incident } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import { textSql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { MISSING, unseenBy, withinDateTime } from '../connections/missing.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Side } from '../connections/orient.ts';
import { slotBounds, slotOf } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { peerViewSchema } from './schema.ts';

/** Tables that show in which clusters flows were collected. */
const OBSERVED = ['coverage', 'flow_totals'] as const;

export type PeerView = Document<typeof peerViewSchema>;

/** An incident with its first and last denial in a window, nanoseconds since 1970. */
export interface IncidentWindow {
  readonly incident: Incident;
  readonly first: bigint;
  readonly last: bigint;
}

export async function readPeerViews(
  store: Reader,
  windows: readonly IncidentWindow[],
  signal?: AbortSignal,
): Promise<PeerView[]> {
  const known = windows.map(({ incident }) => knownView(incident));
  const open = windows.filter((_, index) => known[index] === undefined);
  const seen = await readSeen(store, open, signal);
  const unseen = open.filter((each) => (seen.get(keyOf(each.incident)) ?? []).every(outOf(each)));
  const collected = await readCollected(store, unseen, signal);
  return windows.map((each, index) => known[index] ?? viewOf(each, seen, collected));
}

function sideOf({ direction }: Incident): Side {
  return direction === 'EGRESS' ? 'destination' : 'source';
}

/** The view that follows from the incident itself. */
function knownView(incident: Incident): PeerView | undefined {
  const side = sideOf(incident);
  const { cluster, peer, text, workload } = incident[side];
  const found =
    side === 'destination' && incident.verdict === 'DROPPED'
      ? MISSING.neverArrived()
      : workload === '' && HOST.test(peer)
        ? MISSING.host(text)
        : cluster !== ''
          ? undefined
          : workload === '' && OUTSIDE.test(peer)
            ? MISSING.outside(text, side === 'source' ? 'destination' : 'source')
            : MISSING.clusterUnknown(text);
  return (
    found && { side, cluster, flows: 0, verdicts: {}, missing: found.reason, text: found.text }
  );
}

const HOST = /^reserved:(host|remote-node|health|ingress|kube-apiserver)$/;
/** The world, a network, or a DNS name. */
const OUTSIDE = /^(reserved:world.*|cidr:.*|.*\..*)$/;

interface Seen {
  readonly slot: bigint;
  readonly verdict: number;
  readonly flows: number;
}

const name = (side: Side) =>
  `if(${side}_workload != '', substringIndex(${side}_workload, '/', -1), ${side}_peer)`;

/** Ends with one of these names: a condition on each column by itself, which the engine checks once per distinct value. */
const named = (side: Side, names: string) =>
  `(substringIndex(${side}_workload, '/', -1) IN {${names}:Array(String)} OR ${side}_workload = '' AND ${side}_peer IN {${names}:Array(String)})`;

/** Without the kind of workload, which may be a guess in the cluster that sees the pod as remote. */
function keyOf(incident: Incident): string {
  const side = sideOf(incident);
  const { source, destination, port, protocol } = incident;
  return JSON.stringify([
    incident[side].cluster,
    side === 'source' ? 2 : 1,
    (PROTOCOLS as readonly string[]).indexOf(protocol),
    port,
    source.namespace,
    shortName(source),
    destination.namespace,
    shortName(destination),
  ]);
}

function shortName({ workload, peer }: Incident['source']): string {
  return workload === '' ? peer : workload.slice(workload.lastIndexOf('/') + 1);
}

function outOf({ first, last }: IncidentWindow): (seen: Seen) => boolean {
  const [from, to] = [slotOf(first), slotOf(last)];
  return ({ slot }) => slot < from || slot > to;
}

/** By `keyOf`; `flow_totals` has the traffic in the direction opposite to the denial. */
async function readSeen(
  store: Reader,
  windows: readonly IncidentWindow[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Seen[]>> {
  const seen = new Map<string, Seen[]>();
  if (windows.length === 0) return seen;
  const incidents = windows.map(({ incident }) => incident);
  const all = <T>(pick: (incident: Incident) => T): T[] => [...new Set(incidents.map(pick))];
  const sql = `SELECT cluster, traffic_direction, l4_protocol, server_port, source_namespace, ${name('source')} AS source_name,
      destination_namespace, ${name('destination')} AS destination_name,
      groupArray(time_slot), groupArray(verdict), groupArray(flows)
    FROM flow_totals
    WHERE time_slot BETWEEN {first:Int32} AND {last:Int32} AND cluster IN {clusters:Array(String)}
      AND client_is_source = 1 AND server_port IN {ports:Array(UInt16)}
      AND source_namespace IN {sourceSpaces:Array(String)} AND destination_namespace IN {destinationSpaces:Array(String)}
      AND ${named('source', 'sources')} AND ${named('destination', 'destinations')}
    GROUP BY cluster, traffic_direction, l4_protocol, server_port, source_namespace, source_name,
      destination_namespace, destination_name`;
  const params = {
    ...spanOf(windows),
    clusters: all((each) => each[sideOf(each)].cluster),
    ports: all(({ port }) => port),
    sourceSpaces: all(({ source }) => source.namespace),
    destinationSpaces: all(({ destination }) => destination.namespace),
    sources: all(({ source }) => shortName(source)),
    destinations: all(({ destination }) => shortName(destination)),
  };
  for await (const row of store.query(textSql(sql, params, ['flow_totals']), {}, { signal })) {
    const [cluster, direction, protocol, port, ...rest] = row;
    const [from, source, to, destination, slots, verdicts, flows] = rest;
    const key = JSON.stringify([
      String(cluster),
      Number(direction),
      Number(protocol),
      Number(port),
      ...[from, source, to, destination].map(String),
    ]);
    const [counted, outcomes] = [listOf(flows).map(Number), listOf(verdicts).map(Number)];
    seen.set(
      key,
      listOf(slots).map((slot, at) => ({
        slot: BigInt(String(slot)),
        verdict: outcomes[at] ?? 0,
        flows: counted[at] ?? 0,
      })),
    );
  }
  return seen;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function spanOf(windows: readonly IncidentWindow[]): {
  readonly first: bigint;
  readonly last: bigint;
} {
  const firsts = windows.map(({ first }) => slotOf(first));
  const lasts = windows.map(({ last }) => slotOf(last));
  return {
    first: firsts.reduce(earlier),
    last: lasts.reduce(later),
  };
}

/** By cluster: the slots of the incidents in which it was collected, or of which flows are stored. Absent: never. */
async function readCollected(
  store: Reader,
  unseen: readonly IncidentWindow[],
  signal: AbortSignal | undefined,
): Promise<Map<string, ReadonlySet<bigint>>> {
  const collected = new Map<string, ReadonlySet<bigint>>();
  if (unseen.length === 0) return collected;
  const options = signal && { signal };
  const clusters = [...new Set(unseen.map(({ incident }) => incident[sideOf(incident)].cluster))];
  const { first, last } = spanOf(unseen);
  const since = withinDateTime(slotBounds(first).first);
  const until = withinDateTime(slotBounds(last).last);
  const slots = `SELECT cluster, groupUniqArray(slot) FROM (
      SELECT cluster, toInt32(intDiv(toUnixTimestamp(minute), 300)) AS slot FROM coverage
        WHERE cluster IN {clusters:Array(String)} AND up_ms > 0
          AND minute BETWEEN fromUnixTimestamp({since:Int64}) AND fromUnixTimestamp({until:Int64})
      UNION ALL
      SELECT cluster, time_slot AS slot FROM flow_totals
        WHERE cluster IN {clusters:Array(String)} AND time_slot BETWEEN {first:Int32} AND {last:Int32}
    ) GROUP BY cluster`;
  const params = { clusters, first, last, since, until };
  for await (const [cluster, found] of store.query(textSql(slots, params, OBSERVED), {}, options))
    collected.set(String(cluster), new Set(listOf(found).map((slot) => BigInt(String(slot)))));
  // Whole tables are read only for clusters without any slot above.
  const open = clusters.filter((cluster) => !collected.has(cluster));
  if (open.length === 0) return collected;
  const ever = `SELECT DISTINCT cluster FROM (
      SELECT cluster FROM coverage WHERE cluster IN {open:Array(String)} AND up_ms > 0
      UNION ALL
      SELECT cluster FROM flow_totals WHERE cluster IN {open:Array(String)})`;
  for await (const [cluster] of store.query(textSql(ever, { open }, OBSERVED), {}, options))
    collected.set(String(cluster), new Set());
  return collected;
}

function viewOf(
  window: IncidentWindow,
  all: ReadonlyMap<string, readonly Seen[]>,
  collected: ReadonlyMap<string, ReadonlySet<bigint>>,
): PeerView {
  const { incident, first, last } = window;
  const side = sideOf(incident);
  const { cluster } = incident[side];
  const outside = outOf(window);
  const seen = (all.get(keyOf(incident)) ?? []).filter((each) => !outside(each));
  const verdicts: Record<string, number> = {};
  for (const { verdict, flows } of seen) {
    const word = enumName(Verdict, verdict);
    verdicts[word] = (verdicts[word] ?? 0) + flows;
  }
  const flows = seen.reduce((sum, each) => sum + each.flows, 0);
  if (flows > 0) {
    const each = Object.entries(verdicts).map(([word, count]) => `${count} ${word}`);
    const text = `cluster ${cluster} saw ${flows} ${flows === 1 ? 'flow' : 'flows'} of it at the ${side}: ${each.join(', ')}`;
    return { side, cluster, flows, verdicts, text };
  }
  const slots = collected.get(cluster);
  let about = false;
  for (let slot = slotOf(first); slot <= slotOf(last) && !about; slot++)
    about = slots?.has(slot) ?? false;
  const { reason, text } = unseenBy(cluster, side, { ever: slots !== undefined, about });
  return { side, cluster, flows: 0, verdicts, missing: reason, text };
}
