// Why a side is missing, as the coverage ledger has it: whether that cluster was collected then, flows or none.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromJson } from '../../../../src/hubble/json/json.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { connectionsConfig } from '../../../../src/query/connections/config.ts';
import { queryConnections } from '../../../../src/query/connections/query.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const AT = '2026-11-20T10:00:30Z';
const MINUTE = 60_000;
let stored: StoredCorpus;

beforeEach(async () => {
  stored = await storedCorpus();
  // What east saw of a call to west.
  const flow = {
    time: AT,
    uuid: '00000000-0000-4000-8000-00000000000a',
    verdict: 'FORWARDED',
    node_name: 'east/n1',
    IP: { source: '10.1.0.1', destination: '10.2.0.1', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 40000, destination_port: 80, flags: { SYN: true } } },
    source: { ID: 7, identity: 400001, cluster_name: 'east', namespace: 'a', pod_name: 'client' },
    destination: { identity: 350001, cluster_name: 'west', namespace: 'b', pod_name: 'server' },
    event_type: { type: 4, sub_type: 4 },
    traffic_direction: 'EGRESS',
    is_reply: false,
  };
  const response = { flow, node_name: 'east/n1', time: AT };
  await tellStore(stored, [fromJson(GetFlowsResponse, response)]);
});
afterEach(() => stored.close());

function report(cluster: string, atMs: number): Promise<void> {
  return stored.store.command(
    `INSERT INTO coverage (cluster, received_at, uuid, collector, node, minute, up_ms)
      SELECT {cluster:String}, fromUnixTimestamp64Milli({at:Int64}), generateUUIDv4(), 'one', '',
        toStartOfMinute(fromUnixTimestamp64Milli({at:Int64})), 60000`,
    { cluster, at: atMs },
  );
}

async function whyMissing(): Promise<string | undefined> {
  const query = { whitelist: [], blacklist: [], since: undefined, until: undefined };
  const config = connectionsConfig.parse({});
  const found = await queryConnections(
    stored.store,
    { ...query, number: 0n, first: false },
    config,
  );
  expect(found).toHaveLength(1);
  return found[0]?.missing.destination?.reason;
}

test('a cluster nobody ever collected', async () => {
  await report('east', Date.parse(AT));
  expect(await whyMissing()).toBe('not-collected');
});

test('a cluster that was collected then, and saw nothing of it', async () => {
  await report('west', Date.parse(AT));
  expect(await whyMissing()).toBe('not-seen');
});

test('a cluster that is collected, yet was not then', async () => {
  await stored.insert(
    [fromJson(GetFlowsResponse, { flow: { node_name: 'west/n1', time: '2026-11-20T12:00:00Z' } })],
    { cluster: 'west' },
  );
  await report('west', Date.parse(AT) + 60 * MINUTE);
  const found = await queryConnections(
    stored.store,
    {
      whitelist: [{ source_pod: ['a/client'] }],
      blacklist: [],
      since: undefined,
      until: undefined,
      number: 0n,
      first: false,
    },
    connectionsConfig.parse({}),
  );
  expect(found.map(({ missing }) => missing.destination?.reason)).toEqual(['coverage-gap']);
});
