// Batches of responses to column blocks: the one place where every flow is looked at, so it makes no object for one.
// Parts that flows have in common are decoded once and remembered from batch to batch, within a limit.

import type { FlowBatch } from '../../hubble/proto/batch.ts';
import { decode } from '../../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { Malformed } from '../../hubble/proto/wire.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { NS_PER_MS } from '../../runtime/time.ts';
import type { NativeBlock } from '../../store/store.ts';
import { writerConfig } from '../config.ts';
import { Derivation, type Derived, type DeriveLimits } from '../derive/derive.ts';
import { type ClusterFinder, createClusterFinder } from '../inventory/clusters.ts';
import { createEndFinder, type EndFinder } from '../inventory/ends.ts';
import { BlockMaker } from './block.ts';
import { Events, type LostFact } from './events.ts';
import { type BatchFacts, RowFinisher } from './finish.ts';
import { readFlow } from './flow.gen.ts';
import { type BatchIdentities, identify } from './identify.ts';
import { type IdentityObservation, IdentityObservations } from './identity-observations.ts';
import { Locations } from './locations.ts';
import { countNodes, type NodeFact } from './nodes.ts';
import { Envelope } from './response.ts';
import { type RowIds, rowIds } from './row-ids.ts';
import { RowWriter } from './row-writer.ts';
import { Scopes } from './scopes.ts';

export type { LostFact } from './events.ts';
export type { BatchIdentities } from './identify.ts';
export type { IdentityObservation } from './identity-observations.ts';
export type { NodeFact } from './nodes.ts';

/** A response that is no protobuf message, and why; `reason` is a short stable word for metrics. */
export interface Rejected {
  /** Of the response in the batch. */
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
}

export interface Projection {
  /** Rows of the table `flows`; undefined when there are none. */
  readonly flows: NativeBlock | undefined;
  /** What is counted of the flows in other tables; to be stored before them. */
  readonly derived: Derived;
  /** Rows of the table `events`; undefined when there are none. */
  readonly events: NativeBlock | undefined;
  readonly rejected: readonly Rejected[];
  readonly counts: {
    readonly responses: number;
    readonly flows: number;
    readonly events: number;
    /** Left out because `drop` said so. */
    readonly dropped: number;
    /** Flows that keep their response's bytes beside the columns. */
    readonly raw: number;
  };
  /** Flows by observing node. */
  readonly nodes: readonly NodeFact[];
  /** Lost events by node and source, one for each message. */
  readonly lost: readonly LostFact[];
  /** Ids of all rows, flows first. */
  readonly ids: RowIds;
  /** Identities that were seen, without those reported within the last minutes. */
  readonly observations: readonly IdentityObservation[];
}

export interface ProjectorOptions {
  /** Finds the clusters of flows' ends; by default from the flow, its labels and its identity numbers. */
  readonly clusters?: ClusterFinder;
  /** Finds what is added to flows' ends; by default from `clusters` and pods' names. */
  readonly ends?: EndFinder;
  /** Limits of what is derived from flows; by default those of the configuration. */
  readonly derive?: DeriveLimits;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Distinct endpoints, texts and so on remembered; past that all are forgotten before the next batch. */
  readonly maxEntries?: number;
  /** Bytes of them. */
  readonly maxBytes?: number;
}

export interface Projector {
  /** Makes the blocks of a batch, without the responses whose byte in `drop` is not 0. Never throws for its content. */
  project(batch: FlowBatch, drop?: Uint8Array): Projection;
  /** Ids and time range of a batch, to ask the store which of it is stored. */
  identify(batch: FlowBatch): BatchIdentities;
  /** What is remembered, for metrics. */
  memory(): { readonly entries: number; readonly bytes: number; readonly forgotten: number };
}

export function createProjector(options: ProjectorOptions = {}): Projector {
  const projection = new ProjectionLoop(options);
  return {
    project: (batch, drop) => projection.run(batch, drop),
    identify,
    memory: () => projection.memory(),
  };
}

class ProjectionLoop {
  private readonly writer = new RowWriter();
  private readonly envelope = new Envelope();
  private readonly events = new Events();
  private readonly locations: Locations;
  private readonly scopes: Scopes;
  private readonly observations: IdentityObservations;
  private readonly finisher: RowFinisher;
  private readonly derivation: Derivation;
  private readonly blocks: BlockMaker;
  private readonly now: () => number;
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private forgotten = 0;

  constructor(options: ProjectorOptions) {
    const { writer } = this;
    const clusters = options.clusters ?? createClusterFinder();
    const finder = options.ends ?? createEndFinder({ clusters });
    this.locations = new Locations(finder, writer.endpoints, writer.texts);
    this.scopes = new Scopes(writer, finder);
    this.observations = new IdentityObservations(writer);
    this.finisher = new RowFinisher(writer, this.locations, this.scopes);
    this.derivation = new Derivation(
      writer,
      this.locations,
      options.derive ?? writerConfig.parse({}),
    );
    this.blocks = new BlockMaker(writer, this.locations);
    this.now = options.now ?? Date.now;
    this.maxEntries = options.maxEntries ?? 1 << 17;
    this.maxBytes = options.maxBytes ?? 1 << 25;
  }

  run(batch: FlowBatch, drop: Uint8Array | undefined): Projection {
    const { writer } = this;
    const { header, bytes, starts, ends } = batch;
    this.forgetWhenFull();
    writer.begin(bytes, header.count);
    const facts: BatchFacts = {
      cluster: writer.texts.addText(header.cluster),
      receivedAt: header.receivedAt,
    };
    const rejected: Rejected[] = [];
    let rows = 0;
    let raw = 0;
    let dropped = 0;
    for (let i = 0; i < header.count; i++) {
      if (drop !== undefined && drop[i] !== 0) {
        dropped++;
        continue;
      }
      try {
        if (!this.project(batch, facts, starts[i] ?? 0, ends[i] ?? 0, rows)) continue;
        if (writer.lossy) raw++;
        rows++;
      } catch (error) {
        rejected.push({ index: i, ...reasonOf(error) });
        writer.rows.clearRow(rows);
      }
    }
    const nodes = countNodes(writer, rows, header.cluster);
    const ids = rowIds(writer.columns, rows, this.events.identities);
    const observations = this.observations.take(rows);
    const derived = this.derivation.take(rows, header, this.now());
    const flows = rows > 0 ? this.block(batch, rows) : undefined;
    const { block: events, lost } = this.events.take();
    const counts = {
      responses: header.count,
      flows: rows,
      events: events?.rows ?? 0,
      dropped,
      raw,
    };
    return { flows, derived, events, rejected, counts, nodes, lost, ids, observations };
  }

  memory(): { entries: number; bytes: number; forgotten: number } {
    return { entries: this.writer.entries, bytes: this.writer.bytes, forgotten: this.forgotten };
  }

  /** Projects one response; true when it was a flow, which then is in `row`. */
  private project(
    batch: FlowBatch,
    facts: BatchFacts,
    start: number,
    end: number,
    row: number,
  ): boolean {
    const { writer, envelope } = this;
    writer.beginRow(row);
    envelope.read(writer.reader, start, end);
    if (envelope.kind !== 'flow') {
      this.events.add(batch.bytes, envelope, batch.header, start, end);
      return false;
    }
    if (envelope.odd) {
      // The members that do not count must be readable too.
      decode(GetFlowsResponse, batch.bytes.subarray(start, end));
      writer.reader.lossy = 1;
    }
    writer.reader.pos = envelope.flow.start;
    writer.reader.limit = envelope.flow.end;
    readFlow(writer);
    this.finisher.finish(envelope, facts, start, end);
    return true;
  }

  private block(batch: FlowBatch, rows: number): NativeBlock {
    const { columns, texts } = this.writer;
    const { relay, receivedAt } = batch.header;
    columns.relay.fill(texts.addText(relay), 0, rows);
    new BigInt64Array(columns.received_at.buffer).fill(receivedAt / NS_PER_MS, 0, rows);
    return this.blocks.make(rows);
  }

  private forgetWhenFull(): void {
    if (this.writer.entries > this.maxEntries || this.writer.bytes > this.maxBytes) {
      this.writer.forget();
      this.finisher.clear();
      this.locations.clear();
      this.observations.clear();
      this.derivation.clear();
      this.forgotten++;
    }
    this.locations.refresh();
    this.scopes.refresh();
  }
}

function reasonOf(error: unknown): { reason: string; detail: string } {
  if (error instanceof Malformed) return { reason: error.reason, detail: error.message };
  if (error instanceof ParallaxError && error.code === 'hubble/malformed') {
    return { reason: 'malformed', detail: error.message };
  }
  throw error;
}
