import { expect, test } from 'vitest';
import { peerChanges } from '../../../../src/query/catalogue/peers.ts';

test('nodes are added, updated when they move or change their certificate, and deleted', () => {
  const changes = peerChanges();
  const a = { name: 'a', address: '10.0.0.1:4244', state: 1 };
  const b = { name: 'b', tls: { enabled: true, server_name: 'b.hubble' } };
  expect(changes([a, b])).toEqual([
    { name: 'a', address: '10.0.0.1:4244', type: 1 },
    { name: 'b', address: undefined, type: 1, tls: { server_name: 'b.hubble' } },
  ]);
  expect(changes([{ ...a, state: 2 }, b])).toEqual([]);
  expect(changes([{ ...a, address: '10.0.0.9:4244' }, { name: 'b' }])).toEqual([
    { name: 'a', address: '10.0.0.9:4244', type: 3 },
    { name: 'b', address: undefined, type: 3 },
  ]);
  expect(changes([{ ...a, state: 3 }]).map(({ name, type }) => `${type} ${name}`)).toEqual([
    '2 a',
    '2 b',
  ]);
  expect(changes([a]).map(({ type }) => type)).toEqual([1]);
});
