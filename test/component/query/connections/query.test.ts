// Connections out of a store: the same as from the flows themselves, whatever is asked and however it is walked.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { connectionsConfig } from '../../../../src/query/connections/config.ts';
import { connectionsOf } from '../../../../src/query/connections/from-responses.ts';
import { type ConnectionQuery, queryConnections } from '../../../../src/query/connections/query.ts';
import { explainStored } from '../../../../src/query/explain/find.ts';
import { tell } from '../../../support/query/conversations.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const config = connectionsConfig.parse({});
const everything: ConnectionQuery = {
  whitelist: [],
  blacklist: [],
  since: undefined,
  until: undefined,
  number: 0n,
  first: false,
};
let stored: StoredCorpus;
let told: readonly GetFlowsResponse[];

beforeAll(async () => {
  stored = await storedCorpus();
  told = [11, 12, 13].flatMap((seed) => tell(seed, 120).responses.slice());
  await tellStore(stored, told);
}, 60_000);
afterAll(() => stored.close());

async function* responses(list: readonly GetFlowsResponse[] = told) {
  yield* list;
}

const byId = <T extends { readonly first: string; readonly uuid: string }>(list: readonly T[]) =>
  [...list].sort((a, b) => (`${a.first} ${a.uuid}` < `${b.first} ${b.uuid}` ? -1 : 1));

describe.each<[string, Partial<ConnectionQuery>]>([
  ['everything', {}],
  ['denied ones', { whitelist: [{ verdict: [2] }] }],
  ['of one pod', { whitelist: [{ source_pod: ['shop/api'] }] }],
  ['with HTTP', { whitelist: [{ http_path: ['/x'], event_type: [{ type: 129 }] }] }],
  ['to the world', { whitelist: [{ destination_label: ['reserved:world'] }] }],
  ['not denied flows', { blacklist: [{ verdict: [2] }] }],
  ['in a window', { since: 1_789_293_700_000_000_000n, until: 1_789_293_760_000_000_000n }],
  ['of nobody', { whitelist: [{ source_pod: ["shop/x' OR 1=1 --"] }] }],
])('%s', (_name, query) => {
  test('are those among the flows', async () => {
    const wanted = { ...everything, ...query };
    const found = await queryConnections(stored.store, wanted, config);
    const expected = await connectionsOf(responses(), wanted, config);
    expect(byId(found)).toEqual(byId(expected));
    expect(found.length > 0).toBe(_name !== 'of nobody');
  });

  test.each([1n, 7n, 60n])('the newest and the oldest %d of them', async (number) => {
    for (const first of [false, true]) {
      const wanted = { ...everything, ...query, number, first };
      const found = await queryConnections(stored.store, wanted, config);
      const expected = await connectionsOf(responses(), wanted, config);
      expect(byId(found)).toEqual(byId(expected));
    }
  });
});

test('more connections or flows than allowed are refused, with the setting that says so', async () => {
  const few = { ...config, maxConnections: 10 };
  await expect(queryConnections(stored.store, everything, few)).rejects.toMatchObject({
    code: 'store/limit',
    message: expect.stringContaining('api.connections.maxConnections'),
  });
  await expect(
    queryConnections(stored.store, { ...everything, number: 10n }, few),
  ).resolves.toHaveLength(10);
  const little = { ...config, maxFlows: 100 };
  await expect(queryConnections(stored.store, everything, little)).rejects.toMatchObject({
    code: 'store/limit',
    message: expect.stringContaining('api.connections.maxFlows'),
  });
});

test('an explanation finds its connection by any of its flows', async () => {
  const all = await queryConnections(stored.store, everything, config);
  const denied = all.find(({ outcome }) => outcome === 'denied');
  const { connection, among } = await explainStored(
    stored.store,
    { uuid: denied?.uuid ?? '' },
    config,
  );
  expect(connection).toEqual(denied);
  expect(among).toBeUndefined();
});

test('an explanation of what is not there says so', async () => {
  const nobody = { uuid: '00000000-0000-4000-8000-000000000000' };
  await expect(explainStored(stored.store, nobody, config)).rejects.toMatchObject({
    code: 'input/not-found',
  });
  await expect(explainStored(stored.store, { uuid: "' OR 1" }, config)).rejects.toMatchObject({
    code: 'input/not-found',
  });
  const ends = { from: "shop/'", to: '10.9.9.9:80', since: undefined, until: undefined };
  await expect(explainStored(stored.store, ends, config)).rejects.toMatchObject({
    code: 'input/not-found',
  });
});
