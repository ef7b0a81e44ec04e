// What Hubble UI's backend asks of a relay, asked of our server: one stream of flows a page, by its filters; status and
// nodes every few seconds; and what it draws services and links from.

import type * as grpc from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  Endpoint,
  Flow,
  FlowFilter,
  GetFlowsRequest,
  GetFlowsResponse,
} from '../../../../src/hubble/proto/schema.gen.ts';
import { Observer } from '../../../../src/hubble/proto/services.ts';
import { toNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { HOUR_NS } from '../../../../src/runtime/time.ts';
import { GKE_XWING_IDENTITY } from '../../../../src/simulate/workload.ts';
import { encodeRows } from '../../../../src/store/native/native-rows.ts';
import { COVERAGE_COLUMNS } from '../../../../src/store/schema/coverage-columns.ts';
import { ask, FlowsCall, poll, type Serving, serving } from '../../../support/api/grpc-server.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';
import { tellStory } from '../../../support/query/totals-story.ts';

/** Drops, traces, L7 and policy verdicts: what a page asks for. */
const EVENT_TYPES = [1, 4, 129, 5];
const FORWARDED = 1;
const DROPPED = 2;
const HIDDEN = ['reserved:unknown', 'reserved:host', 'reserved:remote-node', 'k8s:app=prometheus'];
const KUBE_DNS = 'k8s:k8s-app=kube-dns';

interface Page {
  /** All of them when left out. */
  readonly namespace?: string;
  readonly verdict?: number;
  /** Flows from where this label is. */
  readonly from?: string;
  /** GET_FLOWS_SINCE and GET_FLOWS_LAST of the backend. */
  readonly since?: GetFlowsRequest['since'];
  readonly last?: bigint;
}

/** The request of a page: its namespace at either end, and what the page hides left out. */
function requestOf({ namespace, verdict, from, since, last }: Page): GetFlowsRequest {
  const base: FlowFilter = {
    event_type: EVENT_TYPES.map((type) => ({ type })),
    reply: [false],
    ...(verdict !== undefined && { verdict: [verdict] }),
    ...(from !== undefined && { source_label: [from] }),
  };
  const pods = `${namespace}/`;
  return {
    follow: true,
    number: last ?? 10_000n,
    ...(since && { since }),
    whitelist:
      namespace === undefined
        ? [base]
        : [
            { ...base, source_pod: [pods] },
            { ...base, destination_pod: [pods] },
          ],
    blacklist: [
      { source_label: [...HIDDEN, KUBE_DNS] },
      { destination_label: HIDDEN },
      { destination_label: [KUBE_DNS], destination_port: ['53'] },
      { source_fqdn: ['*.cluster.local*'] },
      { destination_fqdn: ['*.cluster.local*'] },
    ],
  };
}

/** The same in plain words, over what the relays told. */
function shows({ namespace, verdict, from, since }: Page, { flow }: GetFlowsResponse): boolean {
  if (flow === undefined) return false;
  const { source, destination, l4, is_reply } = flow;
  const ends = [source, destination];
  const labels = ends.flatMap((end) => end?.labels ?? []);
  const names = [...(flow.source_names ?? []), ...(flow.destination_names ?? [])];
  const toDns = destination?.labels?.includes(KUBE_DNS);
  const port = l4?.UDP?.destination_port ?? l4?.TCP?.destination_port;
  const forward = is_reply === false || (is_reply === undefined && flow.verdict === DROPPED);
  return (
    (namespace === undefined || ends.some((end) => end?.namespace === namespace && end.pod_name)) &&
    EVENT_TYPES.includes(flow.event_type?.type ?? 0) &&
    forward &&
    (verdict === undefined || flow.verdict === verdict) &&
    (from === undefined || source?.labels?.includes(from) === true) &&
    (since === undefined || toNanos(flow.time ?? since) >= toNanos(since)) &&
    !source?.labels?.includes(KUBE_DNS) &&
    !(toDns && port === 53) &&
    !HIDDEN.some((hidden) => labels.includes(hidden)) &&
    !names.some((name) => name.includes('.cluster.local'))
  );
}

/** How the backend names a card: an identity, or the world by its name and side. */
function cardOf(end: Endpoint, names: readonly string[] = [], side: 'sender' | 'receiver') {
  if (!end.labels?.includes('reserved:world')) return String(end.identity ?? 0);
  return `${names[0] ?? 'world'}-${side}`;
}

interface Link {
  readonly from: string;
  readonly to: string;
  readonly port: number | undefined;
  readonly verdicts: Set<number | undefined>;
}

/** Cards and links as the backend makes them; what it would leave out is counted. */
function mapOf(flows: readonly Flow[]) {
  const cards = new Map<string, Endpoint>();
  const links = new Map<string, Link>();
  let leftOut = 0;
  for (const { l4, source, destination, verdict, ...flow } of flows) {
    const ids = source &&
      destination && [
        cardOf(source, flow.source_names, 'sender'),
        cardOf(destination, flow.destination_names, 'receiver'),
      ];
    const outside =
      destination?.labels?.includes('reserved:world') || flow.destination_names?.length;
    if (!l4 || !ids || ids.includes('0') || (flow.destination_service && outside)) {
      leftOut++;
      continue;
    }
    const [from = '', to = ''] = ids;
    cards.set(from, source).set(to, destination);
    const port = l4.TCP?.destination_port ?? l4.UDP?.destination_port;
    const key = `${from} ${Object.keys(l4)[0]} ${to}:${port}`;
    const link = links.get(key) ?? { from, to, port, verdicts: new Set() };
    links.set(key, link);
    link.verdicts.add(verdict);
  }
  return { cards, links, leftOut };
}

const uuid = (id: number) => `ffffffff-0000-4000-8000-${String(id).padStart(12, '0')}`;
const flowsOf = (responses: readonly GetFlowsResponse[]) =>
  responses.flatMap(({ flow }) => flow ?? []);
const byUuid = (flows: readonly Flow[]) =>
  [...flows].sort((a, b) => ((a.uuid ?? '') < (b.uuid ?? '') ? -1 : 1));
const clusterOf = ({ flow }: GetFlowsResponse) => flow?.node_name?.split('/')[0] ?? '';

async function publish(server: Serving, responses: readonly GetFlowsResponse[]): Promise<void> {
  for (const cluster of new Set(responses.map(clusterOf)))
    await server.publish(
      responses.filter((each) => clusterOf(each) === cluster),
      cluster,
    );
}

async function following(server: Serving, page: Page): Promise<FlowsCall> {
  const before = await server.metric('parallax_live_clients');
  const call = new FlowsCall(server.client(), requestOf(page));
  await poll(() => server.metric('parallax_live_clients')).toBe(before + 1);
  return call;
}

const FARFARAWAY: Page = { namespace: 'farfaraway' };
let stored: StoredCorpus;
/** Both clusters' relays, in order of time: what is history when the page opens, and what comes then. */
let before: GetFlowsResponse[];
let after: GetFlowsResponse[];
beforeAll(async () => {
  stored = await storedCorpus();
  const told = await tellStory();
  const at = (each: GetFlowsResponse) => Number(toNanos(each.time ?? { seconds: 0n, nanos: 0 }));
  told.sort((a, b) => at(a) - at(b));
  before = told.slice(0, Math.floor(told.length * 0.7));
  after = told.slice(before.length);
}, 60_000);
afterAll(() => stored.close());

test('where nothing is stored the stream stays open, and tells the first flow that comes', async () => {
  const server = await serving(stored.store);
  const call = await following(server, FARFARAWAY);
  let ended: grpc.StatusObject | undefined;
  void call.status.then((how) => {
    ended = how;
  });
  // Another namespace's flow says that the stream is past history.
  const other = before.find((each) => !shows(FARFARAWAY, each)) ?? {};
  const first = before.find((each) => shows(FARFARAWAY, each)) ?? {};
  await publish(server, [other]);
  expect([call.responses, ended]).toEqual([[], undefined]);
  await publish(server, [first]);
  await poll(() => call.responses).toEqual([first]);
  expect(ended).toBe(undefined);
});

test('an open page: history, then what comes, each flow once and whole', async () => {
  await tellStore(stored, before);
  const server = await serving(stored.store, { writes: true });
  const pages: Page[] = [
    FARFARAWAY,
    { ...FARFARAWAY, verdict: DROPPED },
    { ...FARFARAWAY, from: 'k8s:org=empire' },
    { ...FARFARAWAY, since: before[Math.floor(before.length / 2)]?.time },
    { namespace: 'monitoring' },
    {},
  ];
  const calls = [];
  for (const page of pages) calls.push({ page, call: await following(server, page) });
  await publish(server, after);
  for (const { page, call } of calls) {
    const wanted = flowsOf([...before, ...after].filter((each) => shows(page, each)));
    await poll(() => call.uuids.length).toBe(wanted.length);
    expect(wanted.length).toBeGreaterThan(5);
    expect(byUuid(flowsOf(call.responses))).toEqual(byUuid(wanted));
    // History comes in order of time.
    const times = flowsOf(call.responses).map(({ time }) => time && toNanos(time));
    const old = wanted.length - after.filter((each) => shows(page, each)).length;
    expect(times.slice(0, old)).toEqual([...times.slice(0, old)].sort());
  }
});

test('the newest flows alone, when so many are asked for', async () => {
  const server = await serving(stored.store);
  const call = await following(server, { ...FARFARAWAY, last: 7n });
  const all = flowsOf([...before, ...after].filter((each) => shows(FARFARAWAY, each)));
  await poll(() => call.uuids).toEqual(all.slice(-7).map(({ uuid }) => uuid));
});

test('a service behind an address: told with it, and left out by the backend where the end is outside', async () => {
  const server = await serving(stored.store);
  const call = await following(server, FARFARAWAY);
  const told = before.find((each) => shows(FARFARAWAY, each));
  const destination_service = { name: 'rebel-base', namespace: 'farfaraway' };
  const labels = ['reserved:world'];
  const sent = [
    { ...told, flow: { ...told?.flow, uuid: uuid(1), destination_service } },
    {
      ...told,
      flow: {
        ...{ ...told?.flow, uuid: uuid(2), destination_service },
        ...{ source: { identity: 7, namespace: 'farfaraway', pod_name: 'x' } },
        destination: { identity: 2, labels },
      },
    },
  ];
  await publish(server, sent);
  const live = () => call.responses.filter(({ flow }) => flow?.uuid?.startsWith('ffffffff'));
  await poll(live).toEqual(sent);
  expect(mapOf(flowsOf(live())).leftOut).toBe(1);
});

test('the map: who is denied where, across clusters', async () => {
  const server = await serving(stored.store);
  const call = await following(server, FARFARAWAY);
  const wanted = [...before, ...after].filter((each) => shows(FARFARAWAY, each));
  await poll(() => call.uuids.length).toBe(wanted.length);
  const flows = flowsOf(call.responses);
  const { cards, links, leftOut } = mapOf(flows);
  expect(leftOut).toBe(0);
  const xwing = cards.get(String(GKE_XWING_IDENTITY));
  expect(xwing).toMatchObject({
    namespace: 'farfaraway',
    cluster_name: 'liz-cm-gke-5',
    pod_name: expect.stringMatching(/^xwing-/),
    labels: expect.arrayContaining(['k8s:app.kubernetes.io/name=xwing']),
  });
  const denied = [...links.values()].filter(({ verdicts }) => verdicts.has(DROPPED));
  expect(denied).toHaveLength(1);
  // Its own node saw the packets leave: one link, told by both clusters.
  expect(denied[0]).toMatchObject({ from: String(GKE_XWING_IDENTITY), port: 80 });
  expect(denied[0]?.verdicts).toEqual(new Set([FORWARDED, DROPPED]));
  expect(cards.get(denied[0]?.to ?? '')).toMatchObject({
    cluster_name: 'liz-cm-eks-6',
    namespace: 'farfaraway',
    labels: expect.arrayContaining(['k8s:name=rebel-base']),
  });
  // The world has a name, and no card by number.
  const outside = [...links.values()].filter(({ to }) => to === 'github.com-receiver');
  expect(outside.map(({ port, verdicts }) => [port, ...verdicts])).toEqual([
    [443, FORWARDED],
    [443, FORWARDED],
  ]);
  expect(new Set(flows.map(({ node_name }) => node_name?.split('/')[0]))).toEqual(
    new Set(['liz-cm-eks-6', 'liz-cm-gke-5']),
  );
  for (const flow of flows) {
    expect(flow.uuid).toMatch(/^[0-9a-f-]{36}$/);
    for (const needed of [flow.time, flow.verdict, flow.traffic_direction, flow.IP?.source])
      expect(needed).toBeTruthy();
    // The side that runs here has its endpoint number and its workload.
    const own = [flow.source, flow.destination].find((end) => end?.ID);
    expect(own?.workloads?.[0]?.name).toBeTruthy();
  }
});

test('what the status line shows: nodes connected and away, flows a second', async () => {
  const minute = Math.floor(Date.now() / 60_000) * 60;
  const rows = [
    { cluster: 'liz-cm-eks-6', node: 'liz-cm-eks-6/a', state: 1 },
    { cluster: 'liz-cm-gke-5', node: 'liz-cm-gke-5/away', state: 2 },
    { cluster: 'liz-cm-gke-5', node: 'liz-cm-gke-5/b', state: 1 },
  ].map((row, i) => ({
    ...{ ...row, minute, received_at: BigInt(Date.now()), uuid: new Uint8Array(16).fill(i + 1) },
    ...{ held: 4095n, capacity: 4095n, seen: 10_000n, uptime_ns: HOUR_NS },
    ...{ version: 'cilium v1.19.4', address: `192.0.2.${i}:4244`, tls: 1 },
  }));
  await stored.store.insert(encodeRows('coverage', COVERAGE_COLUMNS, rows), { token: 'ui' });
  const server = await serving(stored.store);
  const own = server.client();
  const { response: said } = await ask(own, Observer.ServerStatus, {});
  expect(said).toMatchObject({
    num_connected_nodes: 2,
    num_unavailable_nodes: 1,
    unavailable_nodes: ['liz-cm-gke-5/away'],
    version: 'parallax v1.2.3',
  });
  expect(said.num_flows).toBe(BigInt(before.length + after.length));
  expect(said.max_flows).toBeGreaterThanOrEqual(said.num_flows ?? 0n);
  // It divides what was seen by the uptime.
  expect(said.uptime_ns).toBeGreaterThan(0n);
  expect(said.seen_flows).toBe(said.num_flows);
  // An answer begins with them, as a relay's does: hubble says on standard error which are away.
  const begun = new FlowsCall(own, { number: 1n });
  await begun.status;
  const states = begun.responses.flatMap(({ node_status }) => node_status ?? []);
  expect(states).toEqual([
    { state_change: 1, node_names: ['liz-cm-eks-6/a', 'liz-cm-gke-5/b'] },
    { state_change: 2, node_names: ['liz-cm-gke-5/away'] },
  ]);
  expect(begun.responses.map((each) => Object.keys(each)[0])).toEqual([
    ...['node_status', 'node_status', 'flow'],
  ]);
  // Of long ago they say nothing.
  const long = new FlowsCall(own, { number: 1n, until: after[0]?.time });
  await long.status;
  expect(long.responses.map((each) => each.node_status)).toEqual([undefined]);
  const { response: nodes } = await ask(own, Observer.GetNodes, {});
  expect(nodes.nodes).toEqual(
    rows.map(({ node, state, address }) => ({
      ...{ name: node, state, address, version: 'cilium v1.19.4', tls: { enabled: true } },
      ...{ uptime_ns: HOUR_NS, num_flows: 4095n, max_flows: 4095n },
      seen_flows: 10_000n,
    })),
  );
});

test('a server that stops says what the backend tries again upon, and the next one goes on', async () => {
  const first = await serving(stored.store);
  const call = await following(first, { ...FARFARAWAY, verdict: DROPPED });
  const wanted = [...before, ...after].filter((each) =>
    shows({ ...FARFARAWAY, verdict: DROPPED }, each),
  );
  await poll(() => call.uuids.length).toBe(wanted.length);
  await first.api.stop(AbortSignal.timeout(1000));
  expect((await call.status).code).toBe(status.UNAVAILABLE);
  const second = await serving(stored.store, { grpc: { listen: first.address } });
  const again = await following(second, { ...FARFARAWAY, verdict: DROPPED });
  await poll(() => again.uuids).toEqual(call.uuids);
});
