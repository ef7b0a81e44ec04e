// A Flow message to a row, in one walk over its bytes: `switch` on the field number, a typed array store each. Messages
// of several fields are in files of their own. Nothing here makes an object, a string or a BigInt.
import { PRESENCE } from '../../store/schema/columns.ts';
import { readIp } from './ip.ts';
import { readL4 } from './l4.ts';
import { readL7 } from './l7.ts';
import {
  readAggregate,
  readBoolValue,
  readEventType,
  readFile,
  readInterface,
  readIpTraceId,
  readTraceContext,
} from './parts.ts';
import type { Sink } from './sink.ts';

const NONE = 7;
const VARINT = 0;
const BYTES = 2;

/** Wire types of the fields below 64; NONE for numbers that are not in use. */
const WIRE_TYPES = new Uint8Array(64).fill(NONE);
for (const field of [2, 3, 10, 16, 22, 23, 24, 25, 27, 29, 31, 32, 33, 35, 36])
  WIRE_TYPES[field] = VARINT;
for (const field of [1, 4, 5, 6, 8, 9, 11, 13, 14, 15, 19, 20, 21, 26, 28, 30, 34, 37, 38, 39])
  WIRE_TYPES[field] = BYTES;
for (const field of [40, 41]) WIRE_TYPES[field] = BYTES;

/** Reads the flow that the reader stands before, up to its limit, into the sink's row. */
export function readFlow(sink: Sink): void {
  const { reader, columns, groups, row } = sink;
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const tag = reader.tag();
    const field = tag >>> 3;
    if (field >= 64) {
      readHighField(sink, start, tag);
      continue;
    }
    if ((tag & 7) !== WIRE_TYPES[field]) {
      reader.unknown(tag);
      continue;
    }
    switch (field) {
      case 1:
        // A second time is merged into the first.
        if (sink.time.present) reader.lossy = 1;
        sink.time.read(reader);
        break;
      case 2:
        columns.verdict[row] = reader.u8();
        break;
      case 3:
        columns.drop_reason[row] = reader.u32();
        break;
      case 4:
        sink.present(PRESENCE.ethernet);
        groups.ethernet[row] = sink.pairs.read(reader);
        break;
      case 5:
        readIp(sink);
        break;
      case 6:
        readL4(sink);
        break;
      case 8:
        sink.present(PRESENCE.source);
        groups.source[row] = sink.endpoints.read(reader);
        break;
      case 9:
        sink.present(PRESENCE.destination);
        groups.destination[row] = sink.endpoints.read(reader);
        break;
      case 10:
        columns.type[row] = reader.u8();
        break;
      case 11:
        sink.nodeName.read(reader);
        break;
      case 13:
        columns.source_names[row] = sink.list(sink.lines, start, tag, columns.source_names[row]);
        break;
      case 14:
        columns.destination_names[row] = sink.list(
          sink.lines,
          start,
          tag,
          columns.destination_names[row],
        );
        break;
      case 15:
        readL7(sink);
        break;
      case 16:
        columns.reply[row] = reader.bool();
        break;
      case 19:
        readEventType(sink);
        break;
      case 20:
        sink.present(PRESENCE.sourceService);
        groups.source_service[row] = sink.pairs.read(reader);
        break;
      case 21:
        sink.present(PRESENCE.destinationService);
        groups.destination_service[row] = sink.pairs.read(reader);
        break;
      case 22:
        columns.traffic_direction[row] = reader.u8();
        break;
      case 23:
        columns.policy_match_type[row] = reader.u32();
        break;
      case 24:
        columns.trace_observation_point[row] = reader.u8();
        break;
      case 25:
        columns.drop_reason_desc[row] = reader.u16();
        break;
      case 26:
        if (columns.is_reply[row] !== 0) reader.lossy = 1;
        columns.is_reply[row] = 1 + readBoolValue(sink);
        break;
      case 27:
        columns.debug_capture_point[row] = reader.u8();
        break;
      case 28:
        readInterface(sink);
        break;
      case 29:
        columns.proxy_port[row] = reader.u32();
        break;
      case 30:
        readTraceContext(sink);
        break;
      case 31:
        columns.sock_xlate_point[row] = reader.u8();
        break;
      case 32:
        columns.socket_cookie[2 * row] = reader.varint();
        columns.socket_cookie[2 * row + 1] = reader.hi;
        break;
      case 33:
        columns.cgroup_id[2 * row] = reader.varint();
        columns.cgroup_id[2 * row + 1] = reader.hi;
        break;
      case 34:
        sink.uuid.read(reader);
        break;
      case 35:
        columns.auth_type[row] = reader.u8();
        break;
      case 36:
        columns.trace_reason[row] = reader.u8();
        break;
      case 37:
        columns.node_labels[row] = sink.list(sink.lines, start, tag, columns.node_labels[row]);
        break;
      case 38:
        readFile(sink);
        break;
      case 39:
        sink.present(PRESENCE.tunnel);
        columns.tunnel[row] = sink.tunnels.message(reader);
        break;
      case 40:
        readIpTraceId(sink);
        break;
      case 41:
        sink.present(PRESENCE.emitter);
        groups.emitter[row] = sink.pairs.read(reader);
        break;
      default:
        reader.unknown(tag);
    }
  }
}

function readHighField(sink: Sink, start: number, tag: number): void {
  const { reader, columns, row, policies } = sink;
  switch (tag) {
    case 800_002: // 100000, Summary
      columns.summary[row] = sink.text();
      break;
    case 168_010: // 21001
      columns.egress_allowed_by[row] = sink.list(
        policies,
        start,
        tag,
        columns.egress_allowed_by[row],
      );
      break;
    case 168_018: // 21002
      columns.ingress_allowed_by[row] = sink.list(
        policies,
        start,
        tag,
        columns.ingress_allowed_by[row],
      );
      break;
    case 168_034: // 21004
      columns.egress_denied_by[row] = sink.list(
        policies,
        start,
        tag,
        columns.egress_denied_by[row],
      );
      break;
    case 168_042: // 21005
      columns.ingress_denied_by[row] = sink.list(
        policies,
        start,
        tag,
        columns.ingress_denied_by[row],
      );
      break;
    case 168_050: // 21006
      columns.policy_log[row] = sink.list(sink.lines, start, tag, columns.policy_log[row]);
      break;
    case 168_058: // 21007
      readAggregate(sink);
      break;
    case 1_200_002: // 150000
      readExtensions(sink);
      break;
    default:
      reader.unknown(tag);
  }
}

/** The Any's bytes are the column; they are walked once, since what cannot be decoded must not be stored as a flow. */
function readExtensions(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.extensions);
  const outer = reader.enter();
  columns.extensions[2 * row] = reader.pos;
  columns.extensions[2 * row + 1] = reader.limit;
  while (reader.pos < reader.limit) reader.skip(reader.tag());
  reader.leave(outer);
}
