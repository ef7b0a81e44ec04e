import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { crc32c, useOurChecksum } from '../../../../src/bus/kafka/checksum.ts';

const require = createRequire(import.meta.url);
type Checksum = (bytes: Buffer) => number;

test('the same as that of kafkajs, whatever the length and the alignment', () => {
  const theirs = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js') as Checksum;
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length + 7).subarray(length % 7, (length % 7) + length);
    expect(crc32c(bytes)).toBe(theirs(bytes));
  }
});

test('kafkajs takes it for what it sends', async () => {
  useOurChecksum();
  const checksum = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as Checksum;
  expect(checksum).toBe(crc32c);
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
    RecordBatch(of: object): Promise<{ readonly buffer: Buffer }>;
  };
  const { buffer } = await RecordBatch({ records: [] });
  // Offset (8), length (4), epoch (4), magic (1), then the checksum of all that follows.
  expect(buffer.readUInt32BE(17)).toBe(crc32c(buffer.subarray(21)));
});
