import { expect, test } from 'vitest';
import { firstRow, uuidText } from '../../../../src/store/native/native-peek.ts';
import { encodeRows } from '../../../../src/store/native/native-rows.ts';
import { EVENT_COLUMNS } from '../../../../src/store/schema/columns.ts';
import { flowBlock, uuidOf } from '../../../engines/flow-rows.ts';

test('finds the first row’s arrival and uuid behind columns of every kind', () => {
  const block = flowBlock({
    rows: 300,
    mark: 'peek',
    receivedAt: 1_700_000_000_123,
    cells: (i) => ({ raw: 'x'.repeat(i * 3), uuid_text: `${i}`, http_url: `/${i}` }),
  });
  const found = firstRow(block, ['received_at', 'uuid', 'destination_port']);
  expect(found?.get('received_at')?.readBigInt64LE()).toBe(1_700_000_000_123n);
  expect(found?.get('destination_port')?.readUInt16LE()).toBe(8080);
  const hex = Buffer.from(uuidOf('peek', 0)).toString('hex');
  expect(uuidText(found?.get('uuid') ?? Buffer.alloc(16)).replaceAll('-', '')).toBe(hex);
});

test('finds them in events, whose strings stand before them', () => {
  const row = {
    cluster: 'east',
    received_at: 5n,
    time: 6n,
    uuid: uuidOf('event', 1),
    message: 'm',
  };
  const block = encodeRows('events', EVENT_COLUMNS, [row, { ...row, cluster: 'west' }]);
  const found = firstRow(block, ['received_at', 'uuid']);
  expect(found?.get('received_at')?.readBigInt64LE()).toBe(5n);
});

test('finds nothing where there is nothing', () => {
  const block = flowBlock({ rows: 2, mark: 'none' });
  expect(firstRow(block, ['received_at', 'no_such_column'])).toBeUndefined();
  const odd = Buffer.concat([
    Buffer.from([1, 1, 1]),
    Buffer.from('a'),
    Buffer.from([5]),
    Buffer.from('Point'),
  ]);
  expect(firstRow({ ...block, bytes: odd }, ['uuid'])).toBeUndefined();
});

test('uuids are told in canonical text', () => {
  const laidOut = Buffer.from('77665544332211' + '00' + 'ffeeddccbbaa9988', 'hex');
  expect(uuidText(laidOut)).toBe('00112233-4455-6677-8899-aabbccddeeff');
});
