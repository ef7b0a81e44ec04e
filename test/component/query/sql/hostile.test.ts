// Values made to break out of a statement, in every field of a filter that takes text: they reach the engine as
// parameters alone, mean the same to SQL and to the predicate, and no pattern takes the engine or the process down.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import { FlowFilter, type GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { restoreFlow } from '../../../../src/query/read/restore/flow.ts';
import { restoreSelect } from '../../../../src/query/read/restore/select.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import type { QueryParams } from '../../../../src/store/store.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { rendered } from '../../../support/query/rendered.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const HOSTILE: readonly string[] = [
  "'",
  "''",
  '"',
  '`',
  '\\',
  "\\'",
  "') OR 1 = 1 -- ",
  "x' UNION ALL SELECT version() FORMAT TSV; --",
  '; DROP TABLE flows;',
  '/* comment */',
  '# comment',
  '{p1:String}',
  '{p1:Identifier}',
  '{since:Int64}',
  '%s%n%d',
  '\u0000',
  'a\u0000b',
  '\n',
  'a\nb',
  '\r\n\t\b\f\v',
  '\\N',
  'NULL',
  'SELECT',
  'FORMAT Null',
  '$1 $x $$',
  '?',
  '\ud800',
  '\udfff x',
  '\u2028\u202e☃🚀',
  `${'x'.repeat(1000)}'`,
];
const LONG = "'x".repeat(100_000);

type Fields = keyof FlowFilter & string;

/** How a text becomes a value of the field; fields of numbers and truth values take none. */
const TEXT_FIELDS: Partial<Record<Fields, (text: string) => unknown>> = {};
for (const field of FlowFilter.fields) {
  const name = field.name as Fields;
  if (field.kind === 'scalar' && field.scalar === 'string') TEXT_FIELDS[name] = (text) => text;
}
TEXT_FIELDS.source_workload = (name) => ({ name, kind: name });
TEXT_FIELDS.destination_workload = (name) => ({ name });
TEXT_FIELDS.interface = (name) => ({ name });
TEXT_FIELDS.http_header = (text) => ({ key: text, value: text });
const FIELDS = Object.keys(TEXT_FIELDS) as Fields[];

/** Made of nothing that could hurt, and of the same shape: slashes and stars decide how names are read. */
function benign(text: string): string {
  return text.replace(/[^/*\n]/gu, 'a');
}

function filterOf(field: Fields, text: string): FlowFilter {
  return { [field]: [TEXT_FIELDS[field]?.(text)] };
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

let stored: StoredCorpus;
let flows: { readonly uuid: string; readonly response: GetFlowsResponse }[];

beforeAll(async () => {
  stored = await storedCorpus();
  // Flows whose texts are the hostile values themselves, so that each of them also finds something.
  const told = HOSTILE.filter((text) => !/[\ud800-\udfff](?![\udc00-\udfff])/.test(text));
  const hostile = told.map((text): GetFlowsResponse => {
    const endpoint = {
      cluster_name: text,
      namespace: text,
      pod_name: text,
      labels: [`k8s:x=${text}`],
      workloads: [{ name: text, kind: text }],
    };
    const flow = {
      time: { seconds: 1_770_000_000n, nanos: 0 },
      source: endpoint,
      destination: endpoint,
      node_name: text,
      source_names: [text],
      trace_context: { parent: { trace_id: text } },
      l7: {
        http: { code: 200, method: text, url: `/${text}`, headers: [{ key: text, value: text }] },
      },
      interface: { index: 1, name: text },
      source_service: { name: text, namespace: text },
    };
    return { flow, time: flow.time, node_name: text };
  });
  await stored.insert(hostile);
  await stored.insert((await corpus('flows.jsonl')).slice(0, 1000));
  await stored.insert(await corpus('odd.jsonl'));
  await stored.insert(fixtureLines('captured/flows').slice(0, 500).map(responseFromJson));
  flows = [];
  const rows = stored.store.query(
    `SELECT uuid, ${restoreSelect().render().text} FROM flows WHERE raw = '' SETTINGS max_threads = 1`,
    {},
  );
  for await (const row of rows) flows.push({ uuid: String(row[0]), response: restoreFlow(row, 1) });
});
afterAll(() => stored.close());

async function found(where: string, params: QueryParams): Promise<string[]> {
  const uuids: string[] = [];
  const sql = `SELECT uuid FROM flows WHERE raw = '' AND (${where})`;
  for await (const [uuid] of stored.store.query(sql, params)) uuids.push(String(uuid));
  return uuids.sort();
}

test('every field that takes text is tried', () => {
  const taking = FlowFilter.fields.filter(
    ({ kind, name }) =>
      !['experimental', 'tcp_flags', 'event_type'].includes(name) && kind !== 'enum',
  );
  const numbers = ['reply', 'source_identity', 'destination_identity', 'ip_trace_id', 'encrypted'];
  expect([...FIELDS, ...numbers].sort()).toEqual(taking.map(({ name }) => name).sort());
});

type Lists = readonly [whitelist: FlowFilter[], blacklist: FlowFilter[]];
/** The filter as what is wanted, and as what is not. */
const LISTS: readonly ((filter: FlowFilter) => Lists)[] = [
  (filter) => [[filter], []],
  (filter) => [[], [filter]],
];

describe.each(FIELDS)('%s', (field) => {
  test('hostile values are parameters', async () => {
    let asked = 0;
    for (const text of HOSTILE) {
      for (const listed of LISTS) {
        const lists = listed(filterOf(field, text));
        const refusal = refusalOf(() => compilePredicate(...lists));
        expect(refusalOf(() => rendered(...lists))).toBe(refusal);
        if (refusal !== undefined) continue;
        const { where, params, exact } = rendered(...lists);
        const same = listed(filterOf(field, benign(text)));
        if (refusalOf(() => rendered(...same)) === undefined)
          expect(where).toBe(rendered(...same).where);
        const wants = compilePredicate(...lists);
        const expected = flows.filter(({ response }) => wants(response)).map(({ uuid }) => uuid);
        const got = await found(where, params);
        if (exact) expect({ text, got }).toEqual({ text, got: expected.sort() });
        else expect(expected.filter((uuid) => !got.includes(uuid))).toEqual([]);
        asked++;
      }
    }
    // DNS names, labels, addresses and the like have their own spelling: most of these are refused before any SQL.
    if (!STRICT.includes(field)) expect(asked).toBeGreaterThan(20);
  });

  test('a text longer than any flow could have is refused by name', () => {
    for (const listed of LISTS) {
      const lists = listed(filterOf(field, LONG));
      const refusal = refusalOf(() => compilePredicate(...lists));
      expect(refusal).toBe(
        `invalid ${field} filter: a text of ${LONG.length} characters, at most 8192 are taken`,
      );
      expect(refusalOf(() => rendered(...lists))).toBe(refusal);
    }
  });
});

test('more values than a statement takes are refused before the engine is asked', async () => {
  const filters = (count: number) => [
    { source_pod: Array.from({ length: count }, (_, i) => `namespace-${i}/pod-'\\${i}`) },
  ];
  expect(refusalOf(() => rendered(filters(5000), []))).toMatch(
    /^the filters make a statement of \d+ KiB, at most 195 KiB are taken/,
  );
  let most = 1;
  while (refusalOf(() => rendered(filters(most + 50), [])) === undefined) most += 50;
  expect(most).toBeGreaterThan(500);
  const { where, params } = rendered(filters(most), []);
  expect(await found(where, params)).toEqual([]);
  const names = [{ source_cluster_name: Array.from({ length: 9000 }, (_, i) => `'\\${i}`) }];
  const listed = rendered(names, []);
  expect(await found(listed.where, listed.params)).toEqual([]);
});

const STRICT: readonly Fields[] = FIELDS.filter((field) =>
  /ip|fqdn|label|port|status|protocol|node_name/.test(field),
);

const CATASTROPHIC: readonly string[] = [
  '(a*)*b',
  '(a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(.*a){20}',
  '(?:a{1000}){1000}',
  '(((a{100}){100}){100}){100}',
  '(a?){500}a{500}',
  '[a-z]{1000}$',
  '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x',
  '('.repeat(100_000),
  `${'('.repeat(1000)}a${')'.repeat(1000)}`,
  'a'.repeat(1_000_000),
  'a|'.repeat(500_000),
  '[a-z]'.repeat(100_000),
  '\\pL{1000}',
  '(?i)ſ*K+'.repeat(50),
];

/** A matcher that backtracks never ends on these. */
describe.each(['http_url', 'http_path', 'dns_query'] as const)('patterns of %s', (field) => {
  test.each(CATASTROPHIC.map((pattern) => [pattern.slice(0, 40), pattern]))(
    '%s ends',
    async (_, pattern) => {
      const filters: FlowFilter[] = [{ [field]: [pattern] }];
      const refusal = refusalOf(() => compilePredicate(filters, []));
      expect(refusalOf(() => rendered(filters, []))).toBe(refusal);
      if (refusal === undefined) {
        const wants = compilePredicate(filters, []);
        const url = `/${'a'.repeat(2000)}!`;
        wants({ flow: { l7: { http: { url }, dns: { query: url } } } });
        const { where, params } = rendered(filters, []);
        await found(where, params);
      } else {
        expect(refusal).toMatch(
          /^invalid (http url|http path|DNS query|http_url|http_path|dns_query) filter/,
        );
        expect(refusal.length).toBeLessThan(1000);
      }
    },
  );
});
