// The IP message.
import { PRESENCE } from '../../store/schema/columns.ts';
import type { Sink } from './sink.ts';

export function readIp(sink: Sink): void {
  const { reader, columns, row } = sink;
  sink.present(PRESENCE.ip);
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        columns.ip_source[row] = sink.text();
        break;
      case 18:
        columns.ip_destination[row] = sink.text();
        break;
      case 24:
        columns.ip_version[row] = reader.u8();
        break;
      case 32:
        columns.ip_encrypted[row] = reader.bool();
        break;
      case 42:
        columns.ip_source_xlated[row] = sink.text();
        break;
      default:
        reader.unknown(tag);
    }
  }
  reader.leave(outer);
}
