// The small messages of a flow.
import { PRESENCE } from '../../store/schema/columns.ts';
import type { Sink } from './sink.ts';

export function readEventType(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.eventType);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.event_type[row] = reader.i32();
    else if (tag === 16) columns.event_sub_type[row] = reader.i32();
    else reader.unknown(tag);
  }
  reader.leave(outer);
}

/** 1 for true, 0 for false. */
export function readBoolValue(sink: Sink): number {
  const { reader } = sink;
  const outer = reader.enter();
  let value = 0;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) value = reader.bool();
    else reader.unknown(tag);
  }
  reader.leave(outer);
  return value;
}

export function readInterface(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.interface);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.interface_index[row] = reader.u32();
    else if (tag === 18) columns.interface_name[row] = sink.text();
    else reader.unknown(tag);
  }
  reader.leave(outer);
}

export function readFile(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.file);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 10) columns.file_name[row] = sink.text();
    else if (tag === 16) columns.file_line[row] = reader.u32();
    else reader.unknown(tag);
  }
  reader.leave(outer);
}

export function readIpTraceId(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.ipTraceId);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) {
      columns.ip_trace_id[2 * row] = reader.varint();
      columns.ip_trace_id[2 * row + 1] = reader.hi;
    } else if (tag === 16) columns.ip_trace_option_type[row] = reader.u32();
    else reader.unknown(tag);
  }
  reader.leave(outer);
}

/** TraceContext { TraceParent parent = 1 { string trace_id = 1 } } */
export function readTraceContext(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.traceContext);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag !== 10) {
      reader.unknown(tag);
      continue;
    }
    sink.present(PRESENCE.traceParent);
    const parent = reader.enter();
    while (reader.pos < reader.limit) {
      const inner = reader.tag();
      if (inner === 10) columns.trace_id[row] = sink.text();
      else reader.unknown(inner);
    }
    reader.leave(parent);
  }
  reader.leave(outer);
}

export function readAggregate(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.aggregate);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 8) columns.aggregate_ingress[row] = reader.u32();
    else if (tag === 16) columns.aggregate_egress[row] = reader.u32();
    else if (tag === 24) columns.aggregate_unknown[row] = reader.u32();
    else reader.unknown(tag);
  }
  reader.leave(outer);
}
