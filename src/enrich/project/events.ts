// Responses that are no flow: lost events, node status, and what a newer Hubble may send. They are rare, so they are
// decoded fully, and keep their bytes.

import { decode } from '../../hubble/proto/codec.ts';
import { GetFlowsResponse, type LostEvent } from '../../hubble/proto/schema.gen.ts';
import { WireReader } from '../../hubble/proto/wire.ts';
import { NS_PER_MS } from '../../runtime/time.ts';
import { encodeRows, type Row } from '../../store/native/native-rows.ts';
import { EVENT_COLUMNS } from '../../store/schema/columns.ts';
import type { NativeBlock } from '../../store/store.ts';
import { clusterOf } from './finish.ts';
import { Moment } from './moment.ts';
import type { Envelope, ResponseKind } from './response.ts';
import { CANONICAL, makeUuid } from './uuid.ts';

/** Events that a relay says were lost. */
export interface LostFact {
  readonly cluster: string;
  readonly node: string;
  /** 1 perf ring, 2 observer queue, 3 Hubble ring. */
  readonly source: number;
  readonly count: bigint;
}

export interface EventIdentity {
  /** 16 bytes in canonical order. */
  readonly uuid: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

export interface EventBatch {
  /** '' when the node name says it. */
  readonly cluster: string;
  readonly relay: string;
  readonly receivedAt: bigint;
}

export class Events {
  /** Of the events taken so far. */
  identities: EventIdentity[] = [];
  private rows: Row[] = [];
  private lost: LostFact[] = [];
  private readonly moment = new Moment();
  private readonly reader = new WireReader();

  /** Takes a response. Throws `hubble/malformed` when it is none. */
  add(bytes: Buffer, envelope: Envelope, batch: EventBatch, start: number, end: number): void {
    const raw = bytes.subarray(start, end);
    const response = decode(GetFlowsResponse, raw);
    const node = response.node_name ?? '';
    const cluster = batch.cluster === '' ? clusterOf(node) : batch.cluster;
    const uuid = new Uint8Array(16);
    makeUuid('event', [raw], uuid, 0, CANONICAL);
    const time = this.timeOf(bytes, envelope, batch.receivedAt);
    this.identities.push({ uuid, time });
    this.rows.push({
      cluster,
      relay: batch.relay,
      received_at: batch.receivedAt / NS_PER_MS,
      time,
      uuid,
      kind: kindOf(envelope.kind),
      node_name: node,
      lost_source: small(response.lost_events?.source),
      num_events_lost: response.lost_events?.num_events_lost,
      state_change: small(response.node_status?.state_change),
      node_names: response.node_status?.node_names?.join('\n'),
      message: response.node_status?.message,
      raw,
    });
    if (response.lost_events) this.lost.push(lostFact(cluster, node, response.lost_events));
  }

  /** The block of the events taken, undefined when there are none, and what they say was lost; forgets both. */
  take(): { readonly block: NativeBlock | undefined; readonly lost: readonly LostFact[] } {
    const { rows, lost } = this;
    this.rows = [];
    this.lost = [];
    this.identities = [];
    return { block: rows.length > 0 ? encodeRows('events', EVENT_COLUMNS, rows) : undefined, lost };
  }

  private timeOf(bytes: Buffer, envelope: Envelope, receivedAt: bigint): bigint {
    if (!envelope.time.present) return receivedAt;
    this.reader.reset(bytes);
    this.moment.read(this.reader, envelope.time);
    return this.moment.nanoseconds;
  }
}

function kindOf(kind: ResponseKind): string {
  return kind === 'flow' ? 'unknown' : kind;
}

function lostFact(cluster: string, node: string, lost: LostEvent): LostFact {
  return { cluster, node, source: small(lost.source), count: lost.num_events_lost ?? 0n };
}

/** An enum's number where the column has one byte for it; `raw` has the others. */
function small(value = 0): number {
  return value >= 0 && value <= 255 ? value : 0;
}
