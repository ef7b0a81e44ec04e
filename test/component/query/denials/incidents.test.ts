// Incidents out of the tables: exact windows, filters on either table, folding, states, pages.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlowFilter } from '../../../../src/hubble/proto/schema.gen.ts';
import { type Incident, incidentId } from '../../../../src/incident/incident.ts';
import { type IncidentQuery, readIncidentPage } from '../../../../src/query/denials/incident.ts';
import { type Denied, deny, HOUR, MINUTE, NOON, watch } from '../../../support/query/denied.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const NOW = NOON + 20n * MINUTE;
const DENY = 'CiliumNetworkPolicy shop/no-web';
let stored: StoredCorpus;
let ids: string[];

const web = { destination_workload: 'shop/Deployment/web', destination_namespace: 'shop' };
const DENIED: readonly Denied[] = [
  // 0–3: the story, before and within the window, in whole hours and at both edges.
  { time: NOON - 50n * HOUR, drops: 7, verdicts: 7 },
  { time: NOON - 24n * HOUR + 45n * MINUTE, drops: 1, verdicts: 2 },
  { time: NOON - 3n * HOUR, drops: 10, verdicts: 8 },
  { time: NOON + 15n * MINUTE, drops: 1, verdicts: 0 },
  // 4, 5: a deny rule of one policy, and a drop of it whose verdict did not come.
  { ...web, time: NOON - 2n * HOUR, drop_reason_desc: 181, policies: DENY, drops: 4, verdicts: 5 },
  { ...web, time: NOON - HOUR, drop_reason_desc: 181, drops: 3, verdicts: 0 },
  // 6–8: the same where two policies are named: nobody knows whose the drop is.
  { ...web, destination_port: 81, time: NOON, drop_reason_desc: 181, policies: DENY },
  { ...web, destination_port: 81, time: NOON, drop_reason_desc: 181, policies: `${DENY}-2` },
  { ...web, destination_port: 81, time: NOON, drop_reason_desc: 181, verdicts: 0 },
  // 9: let pass in audit mode; 10: by a cluster nobody watches.
  { ...web, time: NOON, verdict: 4, drops: 0, verdicts: 3 },
  { time: NOON - 2n * HOUR, cluster: 'dark' },
];

beforeAll(async () => {
  stored = await storedCorpus();
  ids = (await deny(stored.store, DENIED)).map(incidentId);
  await watch(stored.store, 'liz-cm-eks-6', { since: NOON - 30n * MINUTE, until: NOW });
}, 60_000);
afterAll(() => stored.close());

const DAY: IncidentQuery = {
  whitelist: [],
  blacklist: [],
  since: NOW - 24n * HOUR,
  until: undefined,
  now: NOW,
  quiet: 10n * MINUTE,
  limit: 100,
  maxIncidents: 1000,
};
const read = async (query: Partial<IncidentQuery> = {}) =>
  (await readIncidentPage(stored.store, { ...DAY, ...query })).incidents;
const told = (incidents: readonly Incident[]) => incidents.map(({ id }) => ids.indexOf(id));

describe('incidents of a day', () => {
  test('are counted exactly, the latest first; audit is left out', async () => {
    const incidents = await read();
    expect(told(incidents)).toEqual([0, 6, 8, 7, 4, 10].sort(byLast));
    expect(incidents[0]).toMatchObject({
      count: 12,
      text: 'liz-cm-gke-5 farfaraway/xwing → liz-cm-eks-6 farfaraway/rebel-base TCP:80, INGRESS in liz-cm-eks-6: default deny, no rule allows it',
      firstSeen: '2026-11-18T10:00:00Z',
      lastSeen: '2026-11-20T12:15:00Z',
      new: false,
      known: true,
      state: 'open',
      rate: 0.00833,
    });
  });

  test('a window within an hour is counted from the denials', async () => {
    const [incident] = await read({ since: NOON + 10n * MINUTE, until: NOON + 15n * MINUTE });
    expect(incident).toMatchObject({ id: ids[0], count: 1, rate: 0.2 });
    expect(await read({ since: NOON + 10n * MINUTE, until: NOON + 15n * MINUTE - 1n })).toEqual([]);
  });

  test('a drop that names no policy is of the one incident that names one', async () => {
    const incidents = await read();
    const folded = incidents.find(({ id }) => id === ids[4]);
    expect(folded).toMatchObject({
      count: 7,
      how: 'denied-by-policy',
      policies: [{ kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'no-web' }],
      lastSeen: '2026-11-20T11:00:00Z',
      firstSeen: '2026-11-20T10:00:00Z',
      new: true,
    });
    expect(told(incidents)).not.toContain(5);
    expect(told(incidents)).toContain(8);
  });
});

test('any window is counted as its denials are, from either table', async () => {
  const moment = fc
    .tuple(fc.integer({ min: -55 * 60, max: 25 }), fc.constantFrom(-1n, 0n, 1n))
    .map(([minutes, nanos]) => NOON + BigInt(minutes) * MINUTE + nanos);
  const some = [{ destination_port: ['80'] }, { destination_port: ['81'] }];
  // Of single denials only: the same ones.
  const same = some.map((filter) => ({ ...filter, ip_version: [1] }));
  await fc.assert(
    fc.asyncProperty(moment, moment, fc.boolean(), async (a, b, open) => {
      const [since, until] = a < b ? [a, b] : [b, a];
      const range = { since, until: open ? undefined : until, stream: 'all' } as const;
      const counts = new Map<string, { drops: number; verdicts: number }>();
      for (const [index, { time, drops = 1, verdicts = 1 }] of DENIED.entries()) {
        if (time < since || (!open && time > until)) continue;
        const id = index === 5 && counts.has(ids[4] ?? '') ? (ids[4] ?? '') : (ids[index] ?? '');
        const sum = counts.get(id) ?? { drops: 0, verdicts: 0 };
        const [more, told] = [Number(drops), Number(verdicts)];
        counts.set(id, { drops: sum.drops + more, verdicts: sum.verdicts + told });
      }
      const expected = [...counts].map(([id, { drops, verdicts }]) => [
        id,
        Math.max(drops, verdicts),
      ]);
      for (const whitelist of [some, same]) {
        const found = (await read({ ...range, whitelist })).map(({ id, count }) => [id, count]);
        expect(found.toSorted()).toEqual(expected.toSorted());
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

describe('which incidents', () => {
  test('by stream', async () => {
    expect(told(await read({ stream: 'audit' }))).toEqual([9]);
    expect(told(await read({ stream: 'all' }))).toHaveLength(7);
    expect(told(await read({ whitelist: [{ verdict: [4] }] }))).toEqual([9]);
  });

  test('by state: nobody watched the dark cluster', async () => {
    expect(told(await read({ state: 'open' }))).toEqual([0]);
    expect(told(await read({ state: 'stale' }))).toEqual([10]);
    expect(told(await read({ state: 'resolved' })).sort()).toEqual([4, 6, 7, 8]);
  });

  test('by when they were first seen', async () => {
    expect(told(await read({ newSince: NOON - 2n * HOUR })).sort(byNumber)).toEqual([
      4, 6, 7, 8, 10,
    ]);
    expect(told(await read({ newSince: NOON - 60n * HOUR, stream: 'all' }))).toHaveLength(7);
  });

  test('by what `incidents` has: namespace, workload, cluster, port, reason, direction, policy', async () => {
    const by = async (...whitelist: IncidentQuery['whitelist']) => told(await read({ whitelist }));
    expect(await by({ destination_pod: ['farfaraway/'] })).toEqual([0, 10]);
    expect((await by({ destination_pod: ['shop/'] })).sort()).toEqual([4, 6, 7, 8]);
    expect(await by({ destination_workload: [{ name: 'web' }], destination_port: ['80'] })).toEqual(
      [4],
    );
    expect(await by({ source_cluster_name: ['liz-cm-eks-6'] })).toEqual([]);
    expect(await by({ drop_reason_desc: [133] })).toEqual([0, 10]);
    expect(await by({ protocol: ['udp'] })).toEqual([]);
    expect(await by({ traffic_direction: [2] })).toEqual([]);
    expect(told(await read({ policies: ['no-web'] })).sort()).toEqual([4, 6]);
    expect(told(await read({ policies: ['CiliumNetworkPolicy shop/no-web-2'] }))).toEqual([7]);
    expect(told(await read({ policies: ['other/no-web'] }))).toEqual([]);
    expect(told(await read({ policies: ['none'] }))).toEqual([0, 8, 5, 10]);
    expect(told(await read({ clusters: ['dark'] }))).toEqual([10]);
  });

  test('by what only denials have: pod, address, identity, label, node', async () => {
    const by = async (...whitelist: IncidentQuery['whitelist']) => told(await read({ whitelist }));
    expect(
      await by({ source_pod: ['farfaraway/xwing'], destination_pod: ['farfaraway/'] }),
    ).toEqual([0, 10]);
    expect(
      await by({ source_ip: ['10.5.0.0/16'], destination_workload: [{ name: 'rebel-base' }] }),
    ).toEqual([0, 10]);
    expect(await by({ source_ip: ['10.99.0.0/16'] })).toEqual([]);
    expect(await by({ source_identity: [1] })).toEqual([]);
    expect(
      await by({ destination_label: ['name=rebel-base'], source_label: ['org=alliance'] }),
    ).toHaveLength(6);
    expect(await by({ source_label: ['org=empire'] })).toEqual([]);
    expect(await by({ node_name: ['liz-cm-eks-6/'] })).toHaveLength(6);
    expect(await by({ ip_version: [2] })).toEqual([]);
    expect(await by({ protocol: ['http'] })).toEqual([]);
    const [incident] = await read({ whitelist: [{ source_pod: ['farfaraway/xwing'] }] });
    expect(incident).toMatchObject({ id: ids[0], count: 12 });
  });

  test('what denials do not keep is refused by name', async () => {
    const refused: readonly [string, FlowFilter][] = [
      ['tcp_flags', { tcp_flags: [{ SYN: true }] }],
      ['reply', { reply: [true] }],
      ['http_status_code', { http_status_code: ['404'] }],
      ['http_path', { http_path: ['/x'] }],
      ['source_service', { source_service: ['shop/web'] }],
      ['node_labels', { node_labels: ['a=b'] }],
      ['experimental', { experimental: { cel_expression: ['_flow.verdict == 2'] } }],
    ];
    for (const [field, filter] of refused)
      await expect(read({ whitelist: [filter] }), field).rejects.toMatchObject({
        code: 'input/invalid',
        field: `whitelist.${field}`,
      });
    // A flag without direction asks for either end.
    const either = [{ source_service: ['shop/web'] }, { destination_service: ['shop/web'] }];
    expect(await read({ whitelist: either })).toEqual([]);
  });
});

describe('pages', () => {
  test('follow each other in each order, without a gap', async () => {
    for (const sort of ['last', 'first', 'count'] as const) {
      const whole = await read({ sort, stream: 'all' });
      const paged: Incident[] = [];
      let after: IncidentQuery['after'];
      do {
        const page = await readIncidentPage(stored.store, {
          ...DAY,
          sort,
          stream: 'all',
          limit: 2,
          after,
        });
        paged.push(...page.incidents);
        after = page.next;
      } while (after !== undefined);
      expect(paged).toEqual(whole);
      expect(paged).toHaveLength(7);
    }
    expect((await read({ sort: 'count' })).map(({ count }) => count)).toEqual([12, 7, 1, 1, 1, 1]);
  });

  test('say when not all that a deny rule denied was looked at', async () => {
    const page = await readIncidentPage(stored.store, { ...DAY, maxIncidents: 1, limit: 1 });
    expect(page.cut).toBe(true);
    expect(told(page.incidents)).toEqual([0]);
  });
});

function byNumber(a: number, b: number): number {
  return a - b;
}

/** The latest first; of the same moment the smaller number. */
function byLast(a: number, b: number): number {
  const last = (at: number) =>
    (at === 0 ? DENIED[3]?.time : at === 4 ? DENIED[5]?.time : DENIED[at]?.time) ?? 0n;
  if (last(a) !== last(b)) return last(a) > last(b) ? -1 : 1;
  return (ids[a] ?? '') < (ids[b] ?? '') ? -1 : 1;
}
