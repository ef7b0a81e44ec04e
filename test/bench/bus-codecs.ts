// What packing costs, alone: CPU and bytes of the codecs on a batch of 10,000 flows, beside kafkajs's checksum of the
// same bytes, which is JavaScript. `npx tsx test/bench/bus-codecs.ts`
import { createRequire } from 'node:module';
import lz4 from 'lz4-napi';
import { zstd } from '../../src/bus/values/zstd.ts';
import { makeFlows } from './flow-bytes.ts';

const FLOWS = 10_000;
const ROUNDS = 20;

// Not part of kafkajs's types; measured since it runs over every byte that is sent.
const crc32c = createRequire(import.meta.url)(
  'kafkajs/src/protocol/recordBatch/crc32C/crc32C.js',
) as (bytes: Buffer) => number;

const rows: object[] = [];

/** Medians of CPU (all threads) and time, so that a neighbour's burst does not count. */
async function measure<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const cpus: number[] = [];
  const times: number[] = [];
  let result = await work();
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const cpu = process.cpuUsage();
    result = await work();
    const { user, system } = process.cpuUsage(cpu);
    cpus.push((user + system) / FLOWS);
    times.push(performance.now() - begun);
  }
  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  rows.push({
    what: name,
    'CPU µs a flow': Number(median(cpus).toFixed(2)),
    'ms a batch': Number(median(times).toFixed(1)),
    'bytes a flow': Buffer.isBuffer(result) ? Math.round(result.length / FLOWS) : '',
  });
  return result;
}

const value = Buffer.concat(makeFlows(FLOWS));
await measure('copy', () => Buffer.from(value));
await measure('crc32c of kafkajs', () => crc32c(value));
const lz4Packed = await measure('lz4', () => lz4.compress(value));
for (const level of [-5, -1, 1, 2, 3])
  await measure(`zstd ${level}`, () => zstd.compress(value, level));
const zstdPacked = await zstd.compress(value, 2);
await measure('lz4, unpack', () => lz4.uncompress(lz4Packed));
await measure('zstd, unpack', () => zstd.decompress(zstdPacked));
console.table(rows);
