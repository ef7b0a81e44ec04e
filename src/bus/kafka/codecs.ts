// Codecs of Kafka's own record compression. We send uncompressed batches of packed values, but what a mirror or another
// producer compressed must be readable: an unregistered codec stops a kafkajs consumer for good.
import kafkajs from 'kafkajs';
import lz4 from 'lz4-napi';
import { unsnappy } from '../values/snappy.ts';
import { zstd } from '../values/zstd.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** What kafkajs hands to `compress`: an encoder with the bytes in it. */
interface Encoded {
  readonly buffer: Buffer;
}

/** Registers lz4, zstd and (read only) snappy with kafkajs, which keeps them in a table of the module; gzip is there. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: (encoder: Encoded) => lz4.compressFrame(encoder.buffer),
    decompress: (bytes: Buffer) => lz4.decompressFrame(bytes),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: Encoded) => zstd.compress(encoder.buffer, 2),
    decompress: (bytes: Buffer) => zstd.decompress(bytes),
  });
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: async () => {
      throw new Error('snappy is only read here');
    },
    decompress: async (bytes: Buffer) => unsnappy(bytes),
  });
}
