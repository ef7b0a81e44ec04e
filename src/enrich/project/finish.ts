// Completes a row when its flow was read to the end: id, time, node, clusters, and whether the response's bytes must be
// kept beside the columns.
import { PRESENCE } from '../../store/schema/columns.ts';
import { putNanos } from './int64.ts';
import type { Locations } from './locations.ts';
import { Moment } from './moment.ts';
import type { Envelope } from './response.ts';
import type { RowWriter } from './row-writer.ts';
import type { Scopes } from './scopes.ts';
import { type Span, sameBytes } from './span.ts';
import { CLICKHOUSE, makeUuid, parseUuid } from './uuid.ts';

/** Seconds in a `time_slot`. */
const SLOT_SECONDS = 300;
/** More than this between two times does not fit into 64 bits of nanoseconds. */
const MAX_DIFFERENCE_SECONDS = 9_000_000_000;

/** What the rows of one batch have in common. */
export interface BatchFacts {
  /** The text of the observing cluster; 0 when the node name says it. */
  readonly cluster: number;
  readonly receivedAt: bigint;
}

export class RowFinisher {
  private readonly writer: RowWriter;
  private readonly locations: Locations;
  private readonly scopes: Scopes;
  private readonly moment = new Moment();
  private readonly outer = new Moment();
  /** The cluster's text by that of the node name. */
  private readonly clusters = new Map<number, number>();

  constructor(writer: RowWriter, locations: Locations, scopes: Scopes) {
    this.writer = writer;
    this.locations = locations;
    this.scopes = scopes;
  }

  finish(envelope: Envelope, batch: BatchFacts, start: number, end: number): void {
    const { writer } = this;
    const { columns, groups, row } = writer;
    this.finishTime(envelope, batch.receivedAt);
    this.finishNode(envelope);
    this.finishUuid(envelope);
    const cluster = batch.cluster === 0 ? this.clusterOfNode() : batch.cluster;
    columns.cluster[row] = cluster;
    const { locations } = this;
    const [source, destination] = [groups.source[row] ?? 0, groups.destination[row] ?? 0];
    groups.source_at[row] = locations.of(cluster, source, columns, row, columns.ip_source);
    groups.destination_at[row] = locations.of(
      cluster,
      destination,
      columns,
      row,
      columns.ip_destination,
    );
    columns.service_scope[row] = this.scopes.of(cluster);
    columns.presence[2 * row] = writer.presence;
    if (writer.lossy) {
      columns.raw[2 * row] = start;
      columns.raw[2 * row + 1] = end;
    }
  }

  clear(): void {
    this.clusters.clear();
  }

  private finishTime(envelope: Envelope, receivedAt: bigint): void {
    const { writer, moment, outer } = this;
    const { reader, columns, row } = writer;
    if (envelope.time.present) writer.presence |= 1 << PRESENCE.time;
    if (writer.time.present) {
      writer.presence |= 1 << PRESENCE['flow.time'];
      moment.read(reader, writer.time);
      if (envelope.time.present && !sameBytes(reader.view, writer.time, envelope.time)) {
        outer.read(reader, envelope.time);
        const seconds = outer.seconds - moment.seconds;
        if (Math.abs(seconds) > MAX_DIFFERENCE_SECONDS) reader.lossy = 1;
        else putNanos(columns.response_time, row, seconds, outer.nanos - moment.nanos);
      }
    } else if (envelope.time.present) moment.read(reader, envelope.time);
    else moment.set(receivedAt);
    putNanos(columns.time, row, moment.seconds, moment.nanos);
    columns.time_slot[row] = Math.floor(moment.seconds / SLOT_SECONDS);
  }

  private finishNode(envelope: Envelope): void {
    const { writer } = this;
    const { reader, columns, row } = writer;
    const { nodeName } = writer;
    columns.node_name[row] = this.textOf(nodeName);
    if (!envelope.nodeName.present) return;
    if (!sameBytes(reader.view, nodeName, envelope.nodeName)) {
      columns.response_node_name[row] = this.textOf(envelope.nodeName);
    } else if (nodeName.present) writer.presence |= 1 << PRESENCE.sameNodeName;
  }

  private finishUuid(envelope: Envelope): void {
    const { writer } = this;
    const { reader, columns, row, uuid } = writer;
    if (parseUuid(reader.view, uuid.start, uuid.end, columns.uuid, row * 16, CLICKHOUSE)) return;
    const parts = [bytesOf(reader.bytes, envelope.flow), bytesOf(reader.bytes, envelope.nodeName)];
    makeUuid('flow', parts, columns.uuid, row * 16, CLICKHOUSE);
    writer.presence |= 1 << PRESENCE.uuidMade;
    if (uuid.start === uuid.end) return;
    writer.presence |= 1 << PRESENCE.uuidText;
    const { lossy } = writer.texts;
    writer.texts.lossy = 0;
    this.textOf(uuid);
    // Text that is not UTF-8 would break readers; `raw` has it.
    if (writer.texts.lossy === 0) {
      columns.uuid_text[2 * row] = uuid.start;
      columns.uuid_text[2 * row + 1] = uuid.end;
    }
    writer.texts.lossy |= lossy;
  }

  /** The prefix of `cluster/node`; nodes of a cluster without a name of its own have none. */
  private clusterOfNode(): number {
    const { writer, clusters } = this;
    const { columns, row, texts } = writer;
    const node = columns.node_name[row] || columns.response_node_name[row] || 0;
    const known = clusters.get(node);
    if (known !== undefined) return known;
    const cluster = texts.addText(clusterOf(texts.text(node)));
    clusters.set(node, cluster);
    return cluster;
  }

  private textOf(span: Span): number {
    const { writer } = this;
    return span.present ? writer.texts.add(writer.reader.view, span.start, span.end) : 0;
  }
}

/** The cluster in a node name, `default` when it has none. */
export function clusterOf(nodeName: string): string {
  const slash = nodeName.indexOf('/');
  return slash > 0 ? nodeName.slice(0, slash) : 'default';
}

/** The bytes of a span, none when it is absent. */
export function bytesOf(bytes: Buffer, span: Span): Buffer {
  return span.present ? bytes.subarray(span.start, span.end) : bytes.subarray(0, 0);
}
