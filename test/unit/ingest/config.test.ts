import { expect, test } from 'vitest';
import { clustersConfig, collectorConfig, unreadableTlsFiles } from '../../../src/ingest/config.ts';
import { parseRelayAddress } from '../../../src/ingest/relay/address.ts';

const east = { name: 'east', relay: 'relay:80' };

function problems(clusters: unknown): string[] {
  const { error } = clustersConfig.safeParse(clusters);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

test.each([
  ['relay:4245', { host: 'relay', port: 4245, tls: false }],
  ['tls://relay.example.com:443', { host: 'relay.example.com', port: 443, tls: true }],
  ['[::1]:4245', { host: '::1', port: 4245, tls: false }],
  ['tls://[fd00::1]:443', { host: 'fd00::1', port: 443, tls: true }],
  ['10.0.0.1:1', { host: '10.0.0.1', port: 1, tls: false }],
])('address %s', (text, address) => {
  expect(parseRelayAddress(text)).toEqual(address);
});

test.each([
  ['relay', 'the port is missing'],
  ['tls://relay', 'the port is missing'],
  ['relay:0', 'port 0 is not between'],
  ['relay:70000', 'port 70000 is not between'],
  ['https://relay:443', 'scheme https:// is not known'],
  ['fd00::1:4245', 'needs brackets'],
  ['relay/x:80', 'write host:port'],
  ['', 'the port is missing'],
])('address %s is refused with a cure', (text, says) => {
  expect(parseRelayAddress(text)).toContain(says);
  expect(parseRelayAddress(text)).toContain('e.g. hubble-relay.kube-system:80');
});

test('problems of clusters are all named, with their place', () => {
  expect(
    problems([
      east,
      { name: 'West', relay: 'relay' },
      { ...east, name: 'north', tls: { cert: 'x' } },
    ]),
  ).toEqual([
    '1.name: expected a name of 1 to 63 lower-case letters, digits and dashes, such as eks-prod-1',
    expect.stringContaining('1.relay: "relay" is no relay address: the port is missing'),
    '2.tls: cert and key belong together: give both for mTLS, or neither',
  ]);
  expect(problems([east, { ...east, relay: 'other:80' }])).toEqual([
    '1.name: "east" is the name of clusters[0] already: each cluster needs its own',
  ]);
  expect(problems([{ ...east, id: 300 }])).toEqual([
    '0.id: ids above 255 need maxConnectedClusters: 511',
  ]);
  expect(problems([{ ...east, id: 300, maxConnectedClusters: 511 }])).toEqual([]);
  expect(problems([{ ...east, rely: 1 }])).toEqual([expect.stringContaining('rely')]);
});

test('defaults, and files that cannot be read', () => {
  expect(collectorConfig.parse({})).toMatchObject({
    batch: { count: 48_000, bytes: 48 << 20, age: 1000 },
    buffer: 192 << 20,
    lookback: 900_000,
    overlap: 30_000,
  });
  const tls = { ca: '/nowhere/ca.pem', insecureSkipVerify: false };
  const [cluster] = clustersConfig.parse([{ ...east, tls }]);
  expect(unreadableTlsFiles(cluster ? [cluster] : [])).toEqual([
    expect.stringContaining('clusters[0].tls.ca: cannot read "/nowhere/ca.pem"'),
  ]);
});
