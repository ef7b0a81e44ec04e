// Fields of kinds that few columns have; flow.gen.ts calls these.
import type { WireReader } from '../../hubble/proto/wire.ts';

/** A message of bools as a number: field n is bit n - 1. */
export function readBits(reader: WireReader): number {
  const outer = reader.enter();
  let bits = 0;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const field = tag >>> 3;
    // Bits of a u16 column; TCPFlags has nine.
    if ((tag & 7) === 0 && field >= 1 && field <= 9) {
      const bit = 1 << (field - 1);
      if (reader.bool() === 1) bits |= bit;
      else bits &= ~bit;
    } else reader.unknown(tag);
  }
  reader.leave(outer);
  return bits;
}

/** google.protobuf.BoolValue: 1 for true, 0 for false. */
export function readBoolValue(reader: WireReader): number {
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

/** A message's bytes. They are walked once, since a flow with bytes that cannot be decoded must not be stored. */
export function readBytes(reader: WireReader, column: { [index: number]: number }, row: number) {
  const outer = reader.enter();
  column[2 * row] = reader.pos;
  column[2 * row + 1] = reader.limit;
  while (reader.pos < reader.limit) reader.skip(reader.tag());
  reader.leave(outer);
}
