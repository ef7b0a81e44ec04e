// Layer7: DNS, HTTP, Kafka.
import { PRESENCE } from '../../store/schema/columns.ts';
import type { Sink } from './sink.ts';

const DNS = 1;
const HTTP = 2;
const KAFKA = 3;

export function readL7(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.l7);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        columns.l7_type[row] = reader.u8();
        break;
      case 16:
        columns.l7_latency_ns[2 * row] = reader.varint();
        columns.l7_latency_ns[2 * row + 1] = reader.hi;
        break;
      case 802: // 100
        enterProtocol(sink, DNS, readDns);
        break;
      case 810: // 101
        enterProtocol(sink, HTTP, readHttp);
        break;
      case 818: // 102
        enterProtocol(sink, KAFKA, readKafka);
        break;
      default:
        reader.unknown(tag);
    }
  }
  reader.leave(outer);
}

function enterProtocol(sink: Sink, protocol: number, read: (sink: Sink) => void): void {
  const { reader, columns, row } = sink;
  // As with Layer4: a second member of the oneof is more than columns can tell.
  if (columns.l7_protocol[row] !== 0) reader.lossy = 1;
  columns.l7_protocol[row] = protocol;
  const outer = reader.enter();
  read(sink);
  reader.leave(outer);
}

function readDns(sink: Sink): void {
  const { reader, columns, row, lines } = sink;
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 10:
        columns.dns_query[row] = sink.text();
        break;
      case 18:
        columns.dns_ips[row] = sink.list(lines, start, tag, columns.dns_ips[row]);
        break;
      case 24:
        columns.dns_ttl[row] = reader.u32();
        break;
      case 34:
        columns.dns_cnames[row] = sink.list(lines, start, tag, columns.dns_cnames[row]);
        break;
      case 42:
        columns.dns_observation_source[row] = sink.text();
        break;
      case 48:
        columns.dns_rcode[row] = reader.u32();
        break;
      case 58:
        columns.dns_qtypes[row] = sink.list(lines, start, tag, columns.dns_qtypes[row]);
        break;
      case 66:
        columns.dns_rrtypes[row] = sink.list(lines, start, tag, columns.dns_rrtypes[row]);
        break;
      default:
        reader.unknown(tag);
    }
  }
}

function readHttp(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 8:
        columns.http_code[row] = reader.u32();
        break;
      case 18:
        columns.http_method[row] = sink.text();
        break;
      case 26:
        columns.http_url[row] = sink.text();
        break;
      case 34:
        columns.http_protocol[row] = sink.text();
        break;
      case 42:
        columns.http_headers[row] = sink.list(sink.headers, start, tag, columns.http_headers[row]);
        break;
      default:
        reader.unknown(tag);
    }
  }
}

function readKafka(sink: Sink): void {
  const { reader, columns, row } = sink;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        columns.kafka_error_code[row] = reader.i32();
        break;
      case 16:
        columns.kafka_api_version[row] = reader.i32();
        break;
      case 26:
        columns.kafka_api_key[row] = sink.text();
        break;
      case 32:
        columns.kafka_correlation_id[row] = reader.i32();
        break;
      case 42:
        columns.kafka_topic[row] = sink.text();
        break;
      default:
        reader.unknown(tag);
    }
  }
}
