// google.protobuf.Timestamp, read into two numbers and brought into the range that the store's times have.

import type { WireReader } from '../../hubble/proto/wire.ts';
import { SECOND_NS } from '../../runtime/time.ts';
import { MAX_SECONDS, MIN_SECONDS } from './int64.ts';
import type { Span } from './span.ts';

const TWO32 = 0x1_0000_0000;

export class Moment {
  /** Since 1970, within 1900 to 2261. */
  seconds = 0;
  nanos = 0;

  /** Reads a timestamp; lossy when it is out of range, or no proper one. Moves the reader. */
  read(reader: WireReader, span: Span): void {
    reader.pos = span.start;
    reader.limit = span.end;
    let seconds = 0;
    let nanos = 0;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === 8) {
        const low = reader.varint();
        // Exact within 2^53; what is beyond is out of range anyway.
        seconds = reader.hi * TWO32 + low;
      } else if (tag === 16) nanos = reader.i32();
      else reader.unknown(tag);
    }
    if (nanos < 0 || nanos > 999_999_999) {
      reader.lossy = 1;
      nanos = 0;
    }
    if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
      reader.lossy = 1;
      nanos = seconds < MIN_SECONDS ? 0 : 999_999_999;
      seconds = seconds < MIN_SECONDS ? MIN_SECONDS : MAX_SECONDS;
    }
    this.seconds = seconds;
    this.nanos = nanos;
  }

  /** Takes nanoseconds since 1970. */
  set(nanoseconds: bigint): void {
    const nanos = BigInt(
      Number(nanoseconds % SECOND_NS) + (nanoseconds % SECOND_NS < 0n ? 1e9 : 0),
    );
    this.seconds = Number((nanoseconds - nanos) / SECOND_NS);
    this.nanos = Number(nanos);
  }

  /** Nanoseconds since 1970. */
  get nanoseconds(): bigint {
    return BigInt(this.seconds) * SECOND_NS + BigInt(this.nanos);
  }
}
