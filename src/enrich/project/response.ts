// The envelope of a flow, GetFlowsResponse: finds where its members are and reads none of them.

import type { WireReader } from '../../hubble/proto/wire.ts';
import { Span } from './span.ts';

/** The member of the response's oneof that came last: it is the one that counts. */
export type ResponseKind = 'flow' | 'node_status' | 'lost_events' | 'unknown';

export class Envelope {
  kind: ResponseKind = 'unknown';
  readonly flow = new Span();
  readonly nodeName = new Span();
  readonly time = new Span();
  /** True when members came more than once: they exclude each other or are merged. */
  odd = false;

  /** Reads the response of the batch from `start` to `end`; sets the reader's `lossy` for fields of a newer Hubble. */
  read(reader: WireReader, start: number, end: number): void {
    this.kind = 'unknown';
    this.flow.clear();
    this.nodeName.clear();
    this.time.clear();
    this.odd = false;
    reader.pos = start;
    reader.limit = end;
    while (reader.pos < end) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          this.member('flow');
          this.flow.read(reader);
          break;
        case 18:
          this.member('node_status');
          reader.pos = reader.end();
          break;
        case 26:
          this.member('lost_events');
          reader.pos = reader.end();
          break;
        case 8002: // 1000
          this.nodeName.read(reader);
          break;
        case 8010: // 1001
          if (this.time.present) this.odd = true;
          this.time.read(reader);
          break;
        default:
          reader.unknown(tag);
      }
    }
  }

  private member(kind: ResponseKind): void {
    if (this.kind !== 'unknown') this.odd = true;
    this.kind = kind;
  }
}
