// Own code because snappyjs 0.7 never returns on a literal of negative length: six bytes of a record would hang the writer.

const JAVA_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

/** Framing of snappy-java: magic (8), version (4), compatible (4), then blocks of big-endian length and bytes. */
export function unsnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, 8).equals(JAVA_MAGIC)) return unpackBlock(bytes);
  const blocks: Buffer[] = [];
  for (let at = 16; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    blocks.push(unpackBlock(bytes.subarray(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

/**
 * A block: unpacked size as varint, then elements whose tag's low two bits say what they are: 0 a literal of
 * `(tag >> 2) + 1` bytes (60–63: that many minus 59 little-endian bytes of length follow), 1–3 a copy of earlier output
 * with an offset of 11 bits, 2 bytes or 4 bytes.
 */
function unpackBlock(bytes: Buffer): Buffer {
  let at = 0;
  const next = (count: number): number => {
    const value = bytes.readUIntLE(at, count); // throws past the end
    at += count;
    return value;
  };
  let size = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const byte = next(1);
    size += (byte & 127) * 2 ** shift;
    more = byte > 127;
  }
  // A copy makes at most 64 bytes of 2: a larger size is refused before it is allocated.
  if (size > bytes.length * 32)
    throw new RangeError(`snappy block of ${bytes.length} bytes claims ${size}`);
  const out = Buffer.alloc(size);
  let end = 0;
  while (at < bytes.length) {
    const tag = next(1);
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const length = (short < 60 ? short : next(short - 59)) + 1;
      if (at + length > bytes.length || end + length > size)
        throw new RangeError('snappy literal runs past the end');
      bytes.copy(out, end, at, at + length);
      at += length;
      end += length;
      continue;
    }
    const near = (tag & 3) === 1;
    const length = near ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = near ? ((tag >> 5) << 8) | next(1) : next((tag & 3) === 2 ? 2 : 4);
    if (offset === 0 || offset > end || end + length > size)
      throw new RangeError('snappy copy runs out of bounds');
    // Byte by byte: source and target may overlap, which repeats a pattern.
    for (let i = 0; i < length; i++, end++) out[end] = out[end - offset] ?? 0;
  }
  if (end !== size) throw new RangeError(`snappy block has ${end} of ${size} bytes`);
  return out;
}
