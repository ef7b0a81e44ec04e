// The ids and the time range of a batch, without projecting it: what the writer asks the store about before it writes a
// batch that may have been written before.

import type { FlowBatch } from '../../hubble/proto/batch.ts';
import { WireReader } from '../../hubble/proto/wire.ts';
import { SECOND_NS } from '../../runtime/time.ts';
import { bytesOf } from './finish.ts';
import { MAX_SECONDS, MIN_SECONDS } from './int64.ts';
import { Moment } from './moment.ts';
import { Envelope } from './response.ts';
import { Span } from './span.ts';
import { CANONICAL, makeUuid, parseUuid } from './uuid.ts';

export interface BatchIdentities {
  /** 16 bytes a response, in canonical order: the `uuid` its row has. */
  readonly uuids: Uint8Array;
  /**
   * Bounds of the rows' `time`, nanoseconds since 1970. A response without a time of its own had another one when it
   * was stored before, so one of those makes the range all there is.
   */
  readonly minTime: bigint;
  readonly maxTime: bigint;
  /** Each row's `time`, nanoseconds since 1970; NO_TIME for a response without one of its own. */
  readonly times: BigInt64Array;
}

/** Before every time there is. */
export const NO_TIME = -(2n ** 63n);

/** Reads ids and times. Never throws: a response that cannot be read has an id too, and `project` says what it is. */
export function identify(batch: FlowBatch): BatchIdentities {
  const { bytes, starts, ends, header } = batch;
  const uuids = new Uint8Array(16 * header.count);
  const times = new BigInt64Array(header.count).fill(NO_TIME);
  const reader = new WireReader(bytes);
  const walk = new IdentityWalk(reader);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < header.count; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    try {
      const moment = walk.read(start, end, uuids, i * 16);
      if (moment) times[i] = moment.nanoseconds;
      min = Math.min(min, moment?.seconds ?? MIN_SECONDS);
      max = Math.max(max, moment?.seconds ?? MAX_SECONDS);
    } catch {
      makeUuid('event', [bytes.subarray(start, end)], uuids, i * 16, CANONICAL);
    }
  }
  if (min > max) return { uuids, times, minTime: 0n, maxTime: 0n };
  return {
    uuids,
    times,
    minTime: BigInt(min) * SECOND_NS,
    maxTime: BigInt(max) * SECOND_NS + (SECOND_NS - 1n),
  };
}

class IdentityWalk {
  private readonly reader: WireReader;
  private readonly envelope = new Envelope();
  private readonly moment = new Moment();
  private readonly uuid = new Span();
  private readonly time = new Span();

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  /** Writes the response's id; gives its time until the next call, undefined when it has none. */
  read(start: number, end: number, out: Uint8Array, at: number): Moment | undefined {
    const { reader, envelope, uuid, time, moment } = this;
    envelope.read(reader, start, end);
    uuid.clear();
    time.clear();
    if (envelope.kind === 'flow') {
      this.readFlow();
      if (!parseUuid(reader.view, uuid.start, uuid.end, out, at, CANONICAL)) {
        const parts = [
          bytesOf(reader.bytes, envelope.flow),
          bytesOf(reader.bytes, envelope.nodeName),
        ];
        makeUuid('flow', parts, out, at, CANONICAL);
      }
    } else makeUuid('event', [reader.bytes.subarray(start, end)], out, at, CANONICAL);
    const own = time.present ? time : envelope.time;
    if (!own.present) return undefined;
    moment.read(reader, own);
    return moment;
  }

  private readFlow(): void {
    const { reader, envelope, uuid, time } = this;
    reader.pos = envelope.flow.start;
    reader.limit = envelope.flow.end;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === 10) time.read(reader);
      else if (tag === 274) uuid.read(reader);
      else reader.skip(tag);
    }
  }
}
