// Layer4: which protocol, and its fields.
import { PRESENCE } from '../../store/schema/columns.ts';
import type { Sink } from './sink.ts';

export function readL4(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.l4);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const member = tag >>> 3;
    if ((tag & 7) !== 2 || member === 0 || member > 7) {
      reader.unknown(tag);
      continue;
    }
    // The last member of a oneof counts, or is merged into one of its kind: columns may then have some of each.
    if (columns.l4_protocol[row] !== 0) reader.lossy = 1;
    columns.l4_protocol[row] = member;
    const layer = reader.enter();
    switch (member) {
      case 1:
        readTcp(sink);
        break;
      case 2:
      case 5:
        readPorts(sink);
        break;
      case 3:
      case 4:
        readIcmp(sink);
        break;
      case 6:
        readVrrp(sink);
        break;
      case 7:
        readIgmp(sink);
        break;
    }
    reader.leave(layer);
  }
  reader.leave(outer);
}

function readTcp(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        columns.source_port[row] = reader.u16();
        break;
      case 16:
        columns.destination_port[row] = reader.u16();
        break;
      case 26:
        readTcpFlags(sink);
        break;
      default:
        reader.unknown(tag);
    }
  }
}

/** Field number i is bit i - 1. */
function readTcpFlags(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.tcpFlags);
  const outer = reader.enter();
  let flags = 0;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if ((tag & 7) === 0 && field >= 1 && field <= 9) {
      const bit = 1 << (field - 1);
      if (reader.bool() === 1) flags |= bit;
      else flags &= ~bit;
    } else reader.unknown(tag);
  }
  columns.tcp_flags[row] = flags;
  reader.leave(outer);
}

function readPorts(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.source_port[row] = reader.u16();
    else if (tag === 16) columns.destination_port[row] = reader.u16();
    else reader.unknown(tag);
  }
}

function readIcmp(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.icmp_type[row] = reader.u32();
    else if (tag === 16) columns.icmp_code[row] = reader.u32();
    else reader.unknown(tag);
  }
}

function readVrrp(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.icmp_type[row] = reader.u32();
    else if (tag === 16) columns.vrrp_vrid[row] = reader.u32();
    else if (tag === 24) columns.vrrp_priority[row] = reader.u32();
    else reader.unknown(tag);
  }
}

function readIgmp(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.icmp_type[row] = reader.u32();
    else if (tag === 18) columns.igmp_group_address[row] = sink.text();
    else reader.unknown(tag);
  }
}
