// The same filters through SQL and through the predicate: they select the same flows.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { fromJson, responseFromJson } from '../../../../src/hubble/json/json.ts';
import { FlowFilter, type GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { restoreFlow } from '../../../../src/query/read/restore/flow.ts';
import { restoreSelect } from '../../../../src/query/read/restore/select.ts';
import { compileSql } from '../../../../src/query/sql/compile.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { tameResponses } from '../../../support/enrich/responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { filtersOf } from '../../../support/query/filters.ts';
import { rendered } from '../../../support/query/rendered.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

interface StoredFlow {
  readonly uuid: string;
  readonly response: GetFlowsResponse;
}

let stored: StoredCorpus;
let flows: StoredFlow[];
let raw: Set<string>;

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  await stored.insert(await corpus('odd.jsonl'));
  await stored.insert(fixtureLines('captured/flows').map(responseFromJson));
  await stored.insert(tameResponses(500, 7));
  await stored.insert(fixtureLines('filters/flows').map(responseFromJson));
  flows = [];
  raw = new Set();
  const rows = stored.store.query(
    `SELECT uuid, length(raw), ${restoreSelect().render().text} FROM flows SETTINGS max_threads = 1`,
    {},
  );
  for await (const row of rows) {
    const uuid = String(row[0]);
    if (Number(row[1]) > 0) raw.add(uuid);
    flows.push({ uuid, response: restoreFlow(row, 2) });
  }
});
afterAll(() => stored.close());

async function throughSql(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): Promise<{ readonly found: string[]; readonly exact: boolean }> {
  const { where, params, exact } = rendered(whitelist, blacklist);
  const found: string[] = [];
  for await (const [uuid] of stored.store.query(`SELECT uuid FROM flows WHERE ${where}`, params))
    found.push(String(uuid));
  return { found: found.sort(), exact };
}

function refusalOf(compile: () => unknown): string | undefined {
  try {
    compile();
    return undefined;
  } catch (error) {
    if (error instanceof ParallaxError && error.code === 'input/invalid') return error.message;
    throw error;
  }
}

async function compare(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): Promise<number> {
  const refusal = refusalOf(() => compilePredicate(whitelist, blacklist));
  if (refusal !== undefined) {
    // What one cannot understand, the other must not answer.
    expect(refusalOf(() => compileSql(whitelist, blacklist))).toBe(refusal);
    return 0;
  }
  const wants = compilePredicate(whitelist, blacklist);
  const { found, exact } = await throughSql(whitelist, blacklist);
  // Rows that keep their bytes are always judged by the predicate, for what the columns cannot hold.
  const selected = flows.filter(({ response }) => wants(response)).map(({ uuid }) => uuid);
  const expected = selected.filter((uuid) => !raw.has(uuid)).sort();
  const got = found.filter((uuid) => !raw.has(uuid));
  if (exact) expect(got).toEqual(expected);
  else expect(expected.filter((uuid) => !new Set(got).has(uuid))).toEqual([]);
  return expected.length;
}

test('generated filters', async () => {
  expect(flows.length).toBeGreaterThan(6000);
  const filter = filtersOf(flows.flatMap(({ response: { flow } }) => (flow ? [flow] : [])));
  let selecting = 0;
  const lists = fc.tuple(
    fc.array(filter, { maxLength: 3 }),
    fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, fc.array(filter, { maxLength: 3 })),
  );
  await fc.assert(
    fc.asyncProperty(lists, async ([whitelist, blacklist]) => {
      const count = await compare(whitelist, blacklist);
      if (count > 0 && count < flows.length) selecting++;
    }),
    { numRuns: 400, interruptAfterTimeLimit: 90_000 },
  );
  // Filters that select all or nothing prove little.
  expect(selecting).toBeGreaterThan(50);
});

test('a filter that cannot be understood is refused alike', async () => {
  await compare([{ source_label: ['app=kafka, '] }], []);
});

test('patterns of clusters, wanted and not wanted', async () => {
  const clusters = new Set(flows.map(({ response }) => response.flow?.source?.cluster_name ?? ''));
  expect(clusters.size).toBeGreaterThan(3);
  let selecting = 0;
  for (const pattern of ['*', 'liz-cm-*', '*lab', 'poc*', '*-*-*', 'p*c*', 'liz-cm-eks-6*', 'x*'])
    for (const side of ['source', 'destination'] as const) {
      const filter = { [`${side}_cluster_name`]: [pattern, 'kind-lab'] };
      selecting += (await compare([filter], [])) > 0 ? 1 : 0;
      await compare([], [filter]);
      await compare([filter, { verdict: [2] }], [{ [`${side}_cluster_name`]: ['*-6'] }]);
    }
  expect(selecting).toBe(16);
});

test('every field at least once', async () => {
  const filter = filtersOf(flows.flatMap(({ response: { flow } }) => (flow ? [flow] : [])));
  const seen = new Set<string>();
  const samples = fc.sample(filter, { numRuns: 2000, seed: 11 });
  for (const sample of samples) {
    const fresh = Object.keys(sample).filter((key) => !seen.has(key));
    if (fresh.length === 0) continue;
    for (const key of fresh) seen.add(key);
    await compare([sample], []);
    await compare([], [sample]);
  }
  expect(seen.size).toBeGreaterThanOrEqual(39);
});

// Over flows with every oddity of labels, names, methods and URLs among them.
test('filters that were judged by Hubble', async () => {
  const read = (filters: readonly object[]) => filters.map((each) => fromJson(FlowFilter, each));
  const judged = fixtureLines('filters/filters')
    .map((line) => JSON.parse(line) as { w: object[]; b: object[]; pass?: number[] })
    .filter(({ pass }) => pass !== undefined && pass.length > 0);
  let selecting = 0;
  for (const { w, b } of judged.slice(0, 250))
    selecting += (await compare(read(w), read(b))) > 0 ? 1 : 0;
  expect(selecting).toBeGreaterThan(200);
});
