// What the writer derives from flows, held against the flows it stored: denials, incidents and totals as SQL counts them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incidentNumber } from '../../../../src/enrich/derive/incident-number.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { SOURCE_CALLS_SQL } from '../../../../src/incident/caller.ts';
import { DENIAL_SQL, DENIED_SQL, isDenial, isDenied } from '../../../../src/incident/denial.ts';
import { INCIDENT_MEMBERS } from '../../../../src/store/schema/denial-columns.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { denialFlows } from '../../../support/enrich/denial-flows.ts';
import { tameResponses } from '../../../support/enrich/responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const END_COLUMNS = (end: string) =>
  ['cluster', 'namespace', 'workload'].map((member) => `${end}_${member}`);

/** What an end is called, by other means than the writer's. */
const peer = (end: string) => {
  const labels = `splitByChar('\\n', toString(${end}_labels))`;
  const cidrs = `arrayFilter(x -> startsWith(x, 'cidr:') AND NOT endsWith(x, '/0'), ${labels})`;
  const length = `toUInt16OrZero(splitByChar('/', x)[-1])`;
  return `multiIf(
    ${end}_workload != '', '',
    ${end}_names != '', splitByChar('\\n', toString(${end}_names))[1],
    notEmpty(${cidrs}), arraySort((x, i) -> (-${length}, i), ${cidrs}, arrayEnumerate(${cidrs}))[1],
    arrayExists(x -> startsWith(x, 'reserved:'), ${labels}), arrayFirst(x -> startsWith(x, 'reserved:'), ${labels}),
    toString(${end}_pod_name))`;
};

const ENDS = ['source', 'destination'].flatMap((end) => [
  ...END_COLUMNS(end),
  `${peer(end)} AS ${end}_peer_made`,
]);
const STORED_ENDS = ['source', 'destination'].flatMap((end) => [
  ...END_COLUMNS(end),
  `${end}_peer`,
]);

const SMALL =
  'time_slot, verdict, cluster, traffic_direction, drop_reason_desc, type, l4_protocol'.split(', ');
const DENIED =
  'time_slot, cluster, node_name, verdict, traffic_direction, drop_reason_desc, l4_protocol, source_port, destination_port, icmp_type, http_method, http_url, dns_query, ip_source, ip_destination'.split(
    ', ',
  );

let stored: StoredCorpus;

beforeAll(async () => {
  stored = await storedCorpus();
});
afterAll(() => stored.close());

async function sorted(sql: string): Promise<readonly string[]> {
  return (await rowsOf(stored.store, sql)).map((row) => JSON.stringify(row)).sort();
}

/** Batches of their own hour, so that what is derived of one set is told from the others'. */
async function insert(responses: readonly GetFlowsResponse[]): Promise<void> {
  for (const table of ['flows', 'denials', 'incidents', 'flow_totals'])
    await stored.store.command(`TRUNCATE TABLE ${table}`);
  await stored.insert(responses);
}

const SETS: Readonly<Record<string, () => GetFlowsResponse[]>> = {
  'random flows of few ends': () => denialFlows(6000, 1),
  'other random flows of few ends': () => denialFlows(6000, 2),
  'random flows of all kinds': () => tameResponses(1500, 3),
  'the recorded corpus': () => fixtureLines('corpus/flows').map(responseFromJson),
  'captured flows': () => fixtureLines('captured/flows').map(responseFromJson),
};

describe.each(Object.entries(SETS))('%s', (_, make) => {
  beforeAll(() => insert(make()));

  test('totals are the flows, counted', async () => {
    const counted = await sorted(
      `SELECT ${SMALL}, toUInt8(${SOURCE_CALLS_SQL}) AS forth, if(forth, destination_port, source_port) AS port,
        ${ENDS}, count() FROM flows GROUP BY ALL`,
    );
    const totals = await sorted(
      `SELECT ${SMALL}, client_is_source, server_port, ${STORED_ENDS}, sum(flows) FROM flow_totals GROUP BY ALL`,
    );
    expect(totals).toEqual(counted);
    expect(totals.length).toBeGreaterThan(1);
  });

  test('denials are the denied flows by conversation, drops and verdicts apart', async () => {
    const counted = await sorted(
      `SELECT ${DENIED.toSpliced(2, 1, "if(node_name = '', response_node_name, node_name) AS node")}, countIf(event_type = 1), countIf(event_type != 1), min(time), max(time)
        FROM flows WHERE ${DENIAL_SQL} GROUP BY ALL`,
    );
    const denials = await sorted(
      `SELECT ${DENIED}, sum(drops), sum(verdicts), min(time), max(last) FROM denials GROUP BY ALL`,
    );
    expect(denials).toEqual(counted);
    const unknown = await rowsOf(
      stored.store,
      'SELECT count() FROM denials WHERE uuid NOT IN (SELECT uuid FROM flows)',
    );
    expect(unknown).toEqual([['0']]);
  });

  test('incidents are the denials by number and hour, and their number is the hash of what they are', async () => {
    const sums = 'sum(drops), sum(verdicts), min(time), max(last), count()';
    const counted = await sorted(
      `SELECT incident, toInt32(floor(time_slot / 12)) AS hour, ${sums} FROM denials GROUP BY ALL`,
    );
    const incidents = await sorted(
      `SELECT incident, hour, sum(drops), sum(verdicts), min(first_seen), max(last_seen), sum(denials)
        FROM incidents GROUP BY ALL`,
    );
    expect(incidents).toEqual(counted);
    const kinds = await rowsOf(
      stored.store,
      `SELECT incident, ${INCIDENT_MEMBERS} FROM incidents GROUP BY ALL`,
    );
    expect(new Set(kinds.map(([number]) => number)).size).toBe(kinds.length);
    for (const [number, ...members] of kinds) {
      const facts = Object.fromEntries(INCIDENT_MEMBERS.map((name, i) => [name, members[i]]));
      expect(String(incidentNumber(facts as Parameters<typeof incidentNumber>[0]))).toBe(number);
    }
    const told = await sorted(
      `SELECT incident, ${INCIDENT_MEMBERS} FROM denials WHERE incident IN (
        SELECT incident FROM incidents WHERE destination_port != 0) GROUP BY ALL`,
    );
    const known = new Set(kinds.map((kind) => JSON.stringify(kind)));
    for (const each of told) expect(known).toContain(each);
  });

  test('what a denial is: the numbers and the SQL say the same', async () => {
    const facts = 'verdict, drop_reason_desc, type, event_type';
    const rows = await rowsOf(
      stored.store,
      `SELECT ${facts}, ${DENIED_SQL}, ${DENIAL_SQL} FROM flows GROUP BY ${facts}`,
    );
    expect(rows.length).toBeGreaterThan(1);
    for (const [verdict, reason, type, event, denied, denial] of rows.map((row) => row.map(Number)))
      expect([
        isDenied(verdict ?? 0, reason ?? 0, type ?? 0, event ?? 0),
        isDenial(verdict ?? 0, reason ?? 0, type ?? 0, event ?? 0),
      ]).toEqual([denied === 1, denial === 1]);
  });
});
