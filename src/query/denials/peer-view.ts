// What the cluster at the other end saw of denied traffic: an ingress denial is a forwarded flow in the cluster of the
// source. Read from `flow_totals`, so with a resolution of five minutes.
import { enumName } from '../../hubble/names.ts';
import { Verdict } from '../../hubble/proto/schema.gen.ts';
import type { Incident } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import { bigint, list, number, rows, text } from '../../store/rows.ts';
import { column, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { MISSING, unseenBy, withinDateTime } from '../connections/missing.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Side } from '../connections/orient.ts';
import { slotBounds, slotOf } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { peerViewSchema } from './schema.ts';

const PROTOCOL_NAMES: readonly string[] = PROTOCOLS;

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

const shortOf = (side: Side) => sql`substringIndex(${column(`${side}_workload`)}, '/', -1)`;

const nameOf = (side: Side) =>
  sql`if(${column(`${side}_workload`)} != '', ${shortOf(side)}, ${column(`${side}_peer`)})`;

/** Ends with one of these names: a condition on each column by itself, which the engine checks once per distinct value. */
const isNamed = (side: Side, names: Sql) =>
  sql`(${shortOf(side)} IN ${names} OR ${column(`${side}_workload`)} = '' AND ${column(`${side}_peer`)} IN ${names})`;

/** Without the kind of workload, which may be a guess in the cluster that sees the pod as remote. */
function keyOf(incident: Incident): string {
  const side = sideOf(incident);
  const { source, destination, port, protocol } = incident;
  return JSON.stringify([
    incident[side].cluster,
    side === 'source' ? 2 : 1,
    PROTOCOL_NAMES.indexOf(protocol),
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

/** The columns before the lists are those of `keyOf`. */
const SEEN = {
  cluster: text,
  direction: number,
  protocol: number,
  port: number,
  from: text,
  source: text,
  to: text,
  destination: text,
  slots: list(bigint),
  verdicts: list(number),
  flows: list(number),
};

/** By `keyOf`; `flow_totals` has the traffic in the direction opposite to the denial. */
async function readSeen(
  store: Reader,
  windows: readonly IncidentWindow[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Seen[]>> {
  const seen = new Map<string, Seen[]>();
  if (windows.length === 0) return seen;
  const incidents = windows.map(({ incident }) => incident);
  const all = <T extends string | number>(pick: (incident: Incident) => T): T[] => [
    ...new Set(incidents.map(pick)),
  ];
  const texts = (pick: (incident: Incident) => string) => param(all(pick), 'Array(String)');
  const { first, last } = spanOf(windows);
  const statement = sql`SELECT cluster, traffic_direction, l4_protocol, server_port, source_namespace,
      ${nameOf('source')} AS source_name, destination_namespace, ${nameOf('destination')} AS destination_name,
      groupArray(time_slot), groupArray(verdict), groupArray(flows)
    FROM ${table('flow_totals')}
    WHERE time_slot BETWEEN ${param(first, 'Int32')} AND ${param(last, 'Int32')}
      AND cluster IN ${texts((each) => each[sideOf(each)].cluster)} AND client_is_source = 1
      AND server_port IN ${param(
        all(({ port }) => port),
        'Array(UInt16)',
      )}
      AND source_namespace IN ${texts(({ source }) => source.namespace)}
      AND destination_namespace IN ${texts(({ destination }) => destination.namespace)}
      AND ${isNamed(
        'source',
        texts(({ source }) => shortName(source)),
      )}
      AND ${isNamed(
        'destination',
        texts(({ destination }) => shortName(destination)),
      )}
    GROUP BY cluster, traffic_direction, l4_protocol, server_port, source_namespace, source_name,
      destination_namespace, destination_name`;
  for await (const { slots, verdicts, flows, ...key } of rows(store, statement, SEEN, { signal }))
    seen.set(
      JSON.stringify(Object.values(key)),
      slots.map((slot, at) => ({ slot, verdict: verdicts[at] ?? 0, flows: flows[at] ?? 0 })),
    );
  return seen;
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
  const clusters = [...new Set(unseen.map(({ incident }) => incident[sideOf(incident)].cluster))];
  const { first, last } = spanOf(unseen);
  const since = param(withinDateTime(slotBounds(first).first), 'Int64');
  const until = param(withinDateTime(slotBounds(last).last), 'Int64');
  const wanted = param(clusters, 'Array(String)');
  const slots = sql`SELECT cluster, groupUniqArray(slot) FROM (
      SELECT cluster, toInt32(intDiv(toUnixTimestamp(minute), 300)) AS slot FROM ${table('coverage')}
        WHERE cluster IN ${wanted} AND up_ms > 0
          AND minute BETWEEN fromUnixTimestamp(${since}) AND fromUnixTimestamp(${until})
      UNION ALL
      SELECT cluster, time_slot AS slot FROM ${table('flow_totals')}
        WHERE cluster IN ${wanted} AND time_slot BETWEEN ${param(first, 'Int32')} AND ${param(last, 'Int32')}
    ) GROUP BY cluster`;
  const shape = { cluster: text, found: list(bigint) };
  for await (const { cluster, found } of rows(store, slots, shape, { signal }))
    collected.set(cluster, new Set(found));
  // Whole tables are read only for clusters without any slot above.
  const left = clusters.filter((cluster) => !collected.has(cluster));
  if (left.length === 0) return collected;
  const open = param(left, 'Array(String)');
  const ever = sql`SELECT DISTINCT cluster FROM (
      SELECT cluster FROM ${table('coverage')} WHERE cluster IN ${open} AND up_ms > 0
      UNION ALL
      SELECT cluster FROM ${table('flow_totals')} WHERE cluster IN ${open})`;
  for await (const { cluster } of rows(store, ever, { cluster: text }, { signal }))
    collected.set(cluster, new Set());
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
