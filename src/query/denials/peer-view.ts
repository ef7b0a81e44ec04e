// What the other end's cluster saw of traffic that was denied: an ingress denial looks forwarded where it came from. Read
// from the totals of flows, so to the five minutes.

import { enumName } from '../../hubble/names.ts';
import { Verdict } from '../../hubble/proto/schema.gen.ts';
import type { Incident } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { MISSING, type MissingReason, unseenBy, withinDateTime } from '../connections/missing.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { Side } from '../connections/orient.ts';
import { slotBounds, slotOf } from '../read/range.ts';

export interface OtherSide {
  readonly side: Side;
  /** Key of its cluster; '' when it is not known. */
  readonly cluster: string;
  /** Flows of the same workloads and port that it saw in the window, by verdict. */
  readonly flows: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Why nothing was seen. */
  readonly missing?: MissingReason;
  /** A sentence. */
  readonly text: string;
}

/** An incident, and when it was denied within the window, nanoseconds since 1970. */
export interface Looked {
  readonly incident: Incident;
  readonly first: bigint;
  readonly last: bigint;
}

export async function otherSides(
  store: Reader,
  looked: readonly Looked[],
  signal?: AbortSignal,
): Promise<OtherSide[]> {
  const given = looked.map(({ incident }) => givenSide(incident));
  const asked = looked.filter((_, index) => given[index] === undefined);
  const seen = await readSeen(store, asked, signal);
  const silent = asked.filter((each) => (seen.get(keyOf(each.incident)) ?? []).every(outOf(each)));
  const collected = await readCollected(store, silent, signal);
  return looked.map((each, index) => given[index] ?? told(each, seen, collected));
}

function sideOf({ direction }: Incident): Side {
  return direction === 'EGRESS' ? 'destination' : 'source';
}

/** Where the incident itself says what the other side can have seen. */
function givenSide(incident: Incident): OtherSide | undefined {
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

/** What may be called so: judged by each of two columns alone, of which the engine looks at each different value once. */
const named = (side: Side, names: string) =>
  `(substringIndex(${side}_workload, '/', -1) IN {${names}:Array(String)} OR ${side}_workload = '' AND ${side}_peer IN {${names}:Array(String)})`;

/** Ends are compared by name: what kind of workload a pod is of may be a guess on the side it is remote to. */
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

function outOf({ first, last }: Looked): (seen: Seen) => boolean {
  const [from, to] = [slotOf(first), slotOf(last)];
  return ({ slot }) => slot < from || slot > to;
}

/** By what tells incidents' traffic apart; without the incident's own direction, which is what was denied. */
async function readSeen(
  store: Reader,
  asked: readonly Looked[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Seen[]>> {
  const seen = new Map<string, Seen[]>();
  if (asked.length === 0) return seen;
  const incidents = asked.map(({ incident }) => incident);
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
    ...spanOf(asked),
    clusters: all((each) => each[sideOf(each)].cluster),
    ports: all(({ port }) => port),
    sourceSpaces: all(({ source }) => source.namespace),
    destinationSpaces: all(({ destination }) => destination.namespace),
    sources: all(({ source }) => shortName(source)),
    destinations: all(({ destination }) => shortName(destination)),
  };
  for await (const row of store.query(sql, params, signal && { signal })) {
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

function spanOf(looked: readonly Looked[]): { readonly first: bigint; readonly last: bigint } {
  const firsts = looked.map(({ first }) => slotOf(first));
  const lasts = looked.map(({ last }) => slotOf(last));
  return {
    first: firsts.reduce(earlier),
    last: lasts.reduce(later),
  };
}

/** By cluster, the slots about the incidents in which it was collected or flows of it are stored; none of what never was. */
async function readCollected(
  store: Reader,
  silent: readonly Looked[],
  signal: AbortSignal | undefined,
): Promise<Map<string, ReadonlySet<bigint>>> {
  const collected = new Map<string, ReadonlySet<bigint>>();
  if (silent.length === 0) return collected;
  const options = signal && { signal };
  const clusters = [...new Set(silent.map(({ incident }) => incident[sideOf(incident)].cluster))];
  const { first, last } = spanOf(silent);
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
  for await (const [cluster, found] of store.query(slots, params, options))
    collected.set(String(cluster), new Set(listOf(found).map((slot) => BigInt(String(slot)))));
  // Whole tables are asked only for a cluster that is not found near by.
  const open = clusters.filter((cluster) => !collected.has(cluster));
  if (open.length === 0) return collected;
  const ever = `SELECT DISTINCT cluster FROM (
      SELECT cluster FROM coverage WHERE cluster IN {open:Array(String)} AND up_ms > 0
      UNION ALL
      SELECT cluster FROM flow_totals WHERE cluster IN {open:Array(String)})`;
  for await (const [cluster] of store.query(ever, { open }, options))
    collected.set(String(cluster), new Set());
  return collected;
}

function told(
  looked: Looked,
  all: ReadonlyMap<string, readonly Seen[]>,
  collected: ReadonlyMap<string, ReadonlySet<bigint>>,
): OtherSide {
  const { incident, first, last } = looked;
  const side = sideOf(incident);
  const { cluster } = incident[side];
  const outside = outOf(looked);
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
