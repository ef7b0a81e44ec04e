// The forms of hubble status, list and watch (1.19.4), as that command printed them.

import { expect, test } from 'vitest';
import { PLAIN } from '../../../../src/cli/output/screen.ts';
import { streamPrinter } from '../../../../src/cli/output/stream.ts';
import { goDuration, roundToSeconds } from '../../../../src/cli/overview/duration.ts';
import {
  namespacesText,
  nodesText,
  PEERS,
  statusText,
} from '../../../../src/cli/overview/print.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';

const status = {
  num_flows: 1234n,
  max_flows: 8190n,
  seen_flows: 4_567_890n,
  uptime_ns: 3_723_500_000_000n,
  num_connected_nodes: 3,
  num_unavailable_nodes: 12,
  unavailable_nodes: ['eks/b', 'eks/a'],
  version: 'parallax v0.1.0',
  flows_rate: 12.345,
};

test('status in every form', async () => {
  expect(await statusText(status, 'compact')).toBe(`Current/Max Flows: 1,234/8,190 (15.07%)
Flows/s: 12.35
Connected Nodes: 3/15
Unavailable Nodes: 12
  - eks/a
  - eks/b
  - and 10 more...
`);
  expect(await statusText(status, 'dict')).toBe(`          NUM FLOWS: 1,234
          MAX FLOWS: 8,190
         SEEN FLOWS: 4,567,890
   FLOWS PER SECOND: 12.35
             UPTIME: 1h2m3.5s
NUM CONNECTED NODES: 3
 NUM UNAVAIL. NODES: 12
            VERSION: parallax v0.1.0
`);
  expect(await statusText(status, 'table')).toBe(
    'NUM FLOWS   MAX FLOWS   SEEN FLOWS   FLOWS PER SECOND   UPTIME     NUM CONNECTED NODES   NUM UNAVAILABLE NODES   VERSION\n' +
      '1,234       8,190       4,567,890    12.35              1h2m3.5s   3                     12                      parallax v0.1.0\n',
  );
  expect(await statusText({ ...status, flows_rate: 12.5 }, 'json')).toBe(
    '{"num_flows":"1234","max_flows":"8190","seen_flows":"4567890","uptime_ns":"3723500000000","num_connected_nodes":3,"num_unavailable_nodes":12,"unavailable_nodes":["eks/b","eks/a"],"version":"parallax v0.1.0","flows_rate":12.5}\n',
  );
  expect(await statusText(status, 'yaml')).toContain('num_connected_nodes: 3\n');
  expect((await statusText(status, 'csv')).split('\r\n')[1]).toMatch(/^"1,234","8,190",/);
  expect(JSON.parse(await statusText(status, 'ndjson'))).toMatchObject({ num_flows: '1234' });
});

test('status of a server that says little', async () => {
  expect(await statusText({}, 'compact')).toBe('Current/Max Flows: 0/0\nFlows/s: N/A\n');
  expect(await statusText({ seen_flows: 30n, uptime_ns: 10_000_000_000n }, 'compact')).toContain(
    'Flows/s: 3.00\n',
  );
  expect(await statusText({}, 'dict')).toContain('NUM CONNECTED NODES: N/A\n');
});

const nodes = [
  {
    ...{ name: 'eks/b', version: '1.19.4', address: '10.0.0.2:4244', state: 1 },
    ...{ tls: { enabled: true, server_name: 'b' }, uptime_ns: 90_400_000_000n },
    ...{ num_flows: 4095n, max_flows: 4095n, seen_flows: 9000n },
  },
  { name: 'eks/a', state: 2, tls: {} },
  { name: 'eks/c' },
];

test('nodes as table, wide table and JSON', async () => {
  expect(
    await nodesText(nodes, 'table'),
  ).toBe(`NAME    STATUS        AGE     FLOWS/S   CURRENT/MAX-FLOWS
eks/a   Unavailable   N/A     N/A       N/A
eks/b   Connected     1m30s   100.00    4095/4095 (100.00%)
eks/c   Unknown       N/A     N/A       N/A
`);
  expect(await nodesText(nodes, 'wide')).toBe(
    `NAME    STATUS        AGE     FLOWS/S   CURRENT/MAX-FLOWS     VERSION   ADDRESS         TLS
eks/a   Unavailable   N/A     N/A       N/A                   N/A                       Disabled
eks/b   Connected     1m30s   100.00    4095/4095 (100.00%)   1.19.4    10.0.0.2:4244   Enabled
eks/c   Unknown       N/A     N/A       N/A                   N/A                       N/A
`,
  );
  expect(await nodesText(nodes.slice(1, 2), 'json')).toBe(
    '[\n  {\n    "name": "eks/a",\n    "state": "NODE_UNAVAILABLE",\n    "tls": {}\n  }\n]\n',
  );
  expect(await nodesText([], 'json')).toBe('null\n');
  expect(await nodesText([], 'table')).toBe('NAME   STATUS   AGE   FLOWS/S   CURRENT/MAX-FLOWS\n');
  expect((await nodesText(nodes, 'csv')).split('\r\n')[2]).toBe(
    'eks/b,Connected,1m30s,100.00,4095/4095 (100.00%),1.19.4,10.0.0.2:4244,Enabled',
  );
});

test('namespaces', async () => {
  const namespaces = [{ cluster: 'eks', namespace: 'shop' }, { namespace: 'db' }];
  expect(await namespacesText(namespaces, 'table')).toBe('NAMESPACE\nshop\ndb\n');
  expect(await namespacesText(namespaces, 'wide')).toBe(
    'NAMESPACE   CLUSTER\nshop        eks\ndb\n',
  );
});

test('peers', async () => {
  const print = streamPrinter(PEERS, 'table', PLAIN);
  const peer = { name: 'eks/a', address: '10.0.0.1:4244', type: 1 };
  expect(await print(peer)).toBe('PEER_ADDED   10.0.0.1:4244 eks/a\n');
  expect(await print({ ...peer, type: 2, tls: { server_name: 'a' } })).toBe(
    'PEER_DELETED 10.0.0.1:4244 eks/a (TLS.ServerName: a)\n',
  );
  expect(JSON.parse(await streamPrinter(PEERS, 'ndjson', PLAIN)(peer))).toMatchObject({
    name: 'eks/a',
  });
});

test('durations as Go prints them', () => {
  const cases: [bigint, string][] = [
    [0n, '0s'],
    [7n, '7ns'],
    [1_500n, '1.5µs'],
    [2_000_000n, '2ms'],
    [11_206_000_000n, '11.206s'],
    [100_000_000_000n, '1m40s'],
    [93_780_000_000_000n, '26h3m0s'],
    [-SECOND_NS, '-1s'],
  ];
  for (const [nanos, text] of cases) expect(goDuration(nanos)).toBe(text);
  expect(roundToSeconds(1_499_999_999n)).toBe(SECOND_NS);
  expect(roundToSeconds(1_500_000_000n)).toBe(2_000_000_000n);
});

test('numbers at the edges print as Go prints them', async () => {
  const rate = async (flows_rate: number) =>
    (await statusText({ flows_rate }, 'compact')).split('\n')[1];
  expect(await rate(0.125)).toBe('Flows/s: 0.12');
  expect(await rate(0.375)).toBe('Flows/s: 0.38');
  expect(await rate(0.625)).toBe('Flows/s: 0.62');
  expect(await rate(1e21)).toBe('Flows/s: 1000000000000000000000.00');
  expect(await statusText({ uptime_ns: 2n ** 63n }, 'dict')).toContain(
    'UPTIME: 9223372036854775808ns\n',
  );
  const [, old] = (await nodesText([{ uptime_ns: 2n ** 63n - 1n }], 'table')).split('\n');
  expect(old).toContain('2562047h47m16.854775807s');
  const [, never] = (await nodesText([{ uptime_ns: 2n ** 63n }], 'table')).split('\n');
  expect(never).toMatch(/Unknown +N\/A/);
});

test('names of strangers cannot drive the terminal', async () => {
  const text = await statusText(
    { num_unavailable_nodes: 1, unavailable_nodes: ['a\x1b[2J\r'] },
    'compact',
  );
  expect(text).toContain('  - a\\u001b[2J \n');
});
