import { expect, test } from 'vitest';
import { encodeBlock, putUuid } from '../../../../src/store/native/native.ts';
import {
  byteStrings,
  encodeRows,
  lowCardinality,
} from '../../../../src/store/native/native-rows.ts';
import { EVENT_COLUMNS } from '../../../../src/store/schema/columns.ts';

const text = (value: string) => [value.length, ...Buffer.from(value)];
const u64 = (value: number) => [value & 0xff, value >> 8, 0, 0, 0, 0, 0, 0];

test('a block is columns, rows, then name, type and data of each column', () => {
  const block = encodeBlock('t', 2, [
    { name: 'n', type: 'UInt16', data: { kind: 'fixed', values: Uint16Array.of(1, 0x203) } },
    { name: 's', type: 'String', data: { kind: 'strings', strings: byteStrings(['é', '']) } },
  ]);
  expect(block).toMatchObject({ table: 't', columns: ['n', 's'], rows: 2 });
  expect([...block.bytes]).toEqual([
    ...[2, 2],
    ...[...text('n'), ...text('UInt16'), 1, 0, 3, 2],
    ...[...text('s'), ...text('String'), 2, 0xc3, 0xa9, 0],
  ]);
});

test('LowCardinality: head, dictionary that begins with the default, index', () => {
  const { bytes } = encodeBlock('t', 3, [
    { name: 'l', type: 'LowCardinality(String)', data: lowCardinality(['a', '', 'a']) },
  ]);
  expect([...bytes]).toEqual([
    ...[1, 3, ...text('l'), ...text('LowCardinality(String)')],
    ...[...u64(1), ...u64(0x600), ...u64(2), ...text(''), ...text('a')],
    ...[...u64(3), 1, 0, 1],
  ]);
});

test.each([
  [256, 0x600, 1],
  [257, 0x601, 2],
  [65_536, 0x601, 2],
  [65_537, 0x602, 4],
])('a dictionary of %i has index flags %i and %i bytes a row', (entries, flags, width) => {
  const values = Array.from({ length: entries - 1 }, (_, i) => `v${i}`);
  const { bytes } = encodeBlock('t', values.length, [
    { name: 'l', type: 'T', data: lowCardinality(values) },
  ]);
  expect(bytes.includes(Buffer.from(u64(flags)))).toBe(true);
  const strings = byteStrings(values);
  const dictionary = 1 + strings.bytes.length + values.length;
  const prefix = 1 + (values.length < 16_384 ? 2 : 3) + text('l').length + text('T').length;
  expect(bytes.length).toBe(prefix + 32 + dictionary + width * values.length);
});

test('lengths and counts over 127 are varints of several bytes', () => {
  const { bytes } = encodeBlock('t', 1, [
    { name: 's', type: 'S', data: { kind: 'strings', strings: byteStrings(['x'.repeat(300)]) } },
  ]);
  expect([...bytes.subarray(0, 8)]).toEqual([1, 1, 1, 0x73, 1, 0x53, 0xac, 0x02]);
  expect(bytes.length).toBe(8 + 300);
});

test('a uuid is two little-endian halves', () => {
  const out = new Uint8Array(16);
  putUuid(out, 0, Buffer.from('00112233445566778899aabbccddeeff', 'hex'));
  expect(Buffer.from(out).toString('hex')).toBe('7766554433221100ffeeddccbbaa9988');
});

test('rows leave out columns that none of them has', () => {
  const block = encodeRows('events', EVENT_COLUMNS, [
    { cluster: 'a', num_events_lost: 0n, message: '' },
    { lost_source: 3, uuid: new Uint8Array(16).fill(7) },
  ]);
  expect(block.columns).toEqual(['cluster', 'uuid', 'lost_source']);
  expect(encodeRows('events', EVENT_COLUMNS, [{}]).columns).toEqual(['cluster']);
});

test('a value of another kind than the column is refused by name', () => {
  expect(() => encodeRows('events', EVENT_COLUMNS, [{ lost_source: 'x' }])).toThrow(
    'column lost_source (u8) cannot hold x',
  );
  expect(() => encodeRows('events', EVENT_COLUMNS, [{ num_events_lost: 1.5 }])).toThrow(
    'column num_events_lost (u64) cannot hold 1.5',
  );
});
