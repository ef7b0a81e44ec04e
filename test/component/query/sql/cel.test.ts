// CEL expressions through SQL: what SQL lets through holds at least what the predicate wants, and nothing else is
// claimed to be exact. Over expressions made of the stored flows' own fields and values.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fieldOf } from '../../../../src/hubble/cel/environment.ts';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import type {
  Flow,
  FlowFilter,
  GetFlowsResponse,
} from '../../../../src/hubble/proto/schema.gen.ts';
import type { Field } from '../../../../src/hubble/proto/schema.ts';
import { answer } from '../../../../src/query/flows/answer.ts';
import { restoreFlow } from '../../../../src/query/read/restore/flow.ts';
import { restoreSelect } from '../../../../src/query/read/restore/select.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { tameResponses } from '../../../support/enrich/responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { rendered } from '../../../support/query/rendered.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

interface StoredFlow {
  readonly uuid: string;
  readonly response: GetFlowsResponse;
}

let stored: StoredCorpus;
/** Rows that are all in columns; others are always judged by what they really are. */
let flows: StoredFlow[];
let leaves: readonly Leaf[];

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
  await stored.insert(fixtureLines('captured/flows').map(responseFromJson));
  await stored.insert(tameResponses(300, 7));
  flows = [];
  const rows = stored.store.query(
    `SELECT uuid, length(raw), ${restoreSelect().render().text} FROM flows SETTINGS max_threads = 1`,
    {},
  );
  for await (const row of rows)
    if (Number(row[1]) === 0) flows.push({ uuid: String(row[0]), response: restoreFlow(row, 2) });
  leaves = leavesOf(flows.flatMap(({ response: { flow } }) => (flow ? [flow] : [])));
});
afterAll(() => stored.close());

/** A field by its path, with values that flows have there. */
interface Leaf {
  readonly path: string;
  readonly field: Field;
  readonly values: readonly unknown[];
}

function leavesOf(all: readonly Flow[]): Leaf[] {
  const found = new Map<string, { readonly field: Field; readonly values: Set<unknown> }>();
  const visit = (type: string, message: object, path: string, depth: number) => {
    for (const [name, value] of Object.entries(message)) {
      const field = fieldOf(type, name);
      if (field === undefined || value === undefined) continue;
      const at = `${path}.${name}`;
      const known = found.get(at) ?? { field, values: new Set() };
      found.set(at, known);
      if (field.kind === 'message') {
        if (!field.repeated && depth < 4 && typeof value === 'object' && value !== null)
          visit(field.type.fullName, value, at, depth + 1);
        continue;
      }
      for (const each of Array.isArray(value) ? value : [value])
        if (known.values.size < 40) known.values.add(each);
    }
  };
  for (const flow of all) visit('flow.Flow', flow, '_flow', 0);
  return [...found].map(([path, { field, values }]) => ({ path, field, values: [...values] }));
}

function literal(field: Field, value: unknown): string {
  if (typeof value === 'string') return celText(value);
  if (field.kind !== 'message' && field.kind !== 'enum' && field.scalar.startsWith('uint'))
    return `${String(value)}u`;
  return String(value);
}

function celText(text: string): string {
  const plain = [...text].map((point) => {
    // Half a surrogate pair is no character, and no escape writes one.
    const code = /\p{Surrogate}/u.test(point) ? 0xfffd : (point.codePointAt(0) ?? 0);
    return code < 32 || code > 126 || '\\"'.includes(point)
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : point;
  });
  return `"${plain.join('')}"`;
}

const HOSTILE = [
  "'",
  '\\',
  "' OR 1 = 1 --",
  '{p1:String}',
  '%',
  '\n',
  '☃',
  '(?:x',
  '.*',
  '',
  'k8s:',
];

function atom({ path, field, values }: Leaf): fc.Arbitrary<string> {
  const has = fc.constant(`has(${path})`);
  if (field.kind === 'message') return has;
  const numeric = field.kind === 'enum' || /int/.test(field.scalar);
  const isText = field.kind !== 'enum' && field.scalar === 'string';
  const value = fc
    .constantFrom(...values, ...(isText ? HOSTILE : numeric ? [0, 1, 7] : [true]))
    .chain((each) =>
      isText && typeof each === 'string'
        ? fc.nat(each.length).map((cut) => each.slice(0, each.length - (cut % 5)))
        : fc.constant(each),
    )
    .map((each) => literal(field, each));
  const part = fc.constantFrom('startsWith', 'endsWith', 'contains', 'matches');
  if (field.repeated) {
    return fc.oneof(
      has,
      value.map((each) => `${each} in ${path}`),
      fc.tuple(part, value).map(([name, each]) => `${path}.exists(l, l.${name}(${each}))`),
      value.map((each) => `${path}[0] == ${each}`),
    );
  }
  const operators = isText || numeric ? ['==', '!=', '<', '<=', '>', '>='] : ['==', '!='];
  const order = fc
    .tuple(fc.constantFrom(...operators), value, fc.boolean())
    .map(([operator, each, turned]) =>
      turned ? `${each} ${operator} ${path}` : `${path} ${operator} ${each}`,
    );
  const list = fc
    .array(value, { minLength: 1, maxLength: 3 })
    .map((each) => `${path} in [${each.join(', ')}]`);
  if (isText)
    return fc.oneof(
      has,
      order,
      list,
      fc.tuple(part, value).map(([name, each]) => `${path}.${name}(${each})`),
    );
  if (numeric) return fc.oneof(has, order, list);
  const bare = fc.constant(path);
  return field.kind === 'wrapper'
    ? fc.oneof(has, order, fc.constant(`${path} == null`))
    : fc.oneof(has, order, bare);
}

const FAILING = ['1 / 0 == 1', 'dyn(1)', '_flow.source.labels[1000] == ""', '"a".matches("[")'];
const OPAQUE = ['size(_flow.Summary) > 20', '_flow.time > timestamp("2026-03-14T23:00:00Z")'];

function expressions(): fc.Arbitrary<string> {
  const simple = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...leaves).chain(atom) },
    { weight: 1, arbitrary: fc.constantFrom(...OPAQUE, '_flow.is_reply', 'true', 'false') },
    { weight: 1, arbitrary: fc.constantFrom(...FAILING) },
  );
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      simple,
      fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((all) => `(${all.join(' && ')})`),
      fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((all) => `(${all.join(' || ')})`),
      tie('tree').map((each) => `!(${each})`),
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a} ? ${b} : false)`),
    ),
  }));
  // At the top, so that the result is a bool for certain.
  return tree.map((each) => `${each} && true`);
}

async function selected(whitelist: FlowFilter[], blacklist: FlowFilter[]) {
  const { where, params, exact } = rendered(whitelist, blacklist);
  const found = new Set<string>();
  for await (const [uuid] of stored.store.query(
    `SELECT uuid FROM flows WHERE raw = '' AND (${where})`,
    params,
  ))
    found.add(String(uuid));
  return { found, exact };
}

async function compare(whitelist: FlowFilter[], blacklist: FlowFilter[]) {
  const wants = compilePredicate(whitelist, blacklist);
  const wanted = flows.filter(({ response }) => wants(response)).map(({ uuid }) => uuid);
  const { found, exact } = await selected(whitelist, blacklist);
  if (exact) expect([...found].sort()).toEqual([...wanted].sort());
  else expect(wanted.filter((uuid) => !found.has(uuid))).toEqual([]);
  return { count: wanted.length, exact, narrowed: found.size < flows.length };
}

const cel = (...cel_expression: string[]): FlowFilter => ({ experimental: { cel_expression } });

test('generated expressions', async () => {
  expect(flows.length).toBeGreaterThan(5000);
  let selecting = 0;
  let narrowed = 0;
  const lists = fc.tuple(
    fc.array(expressions(), { minLength: 1, maxLength: 2 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(expressions(), { maxLength: 2 })),
  );
  await fc.assert(
    fc.asyncProperty(lists, async ([allow, deny]) => {
      const result = await compare([cel(...allow)], deny.length === 0 ? [] : [cel(...deny)]);
      if (result.count > 0 && result.count < flows.length) selecting++;
      if (result.narrowed) narrowed++;
    }),
    { numRuns: 200, interruptAfterTimeLimit: 60_000 },
  );
  // Expressions that select all or nothing prove little.
  expect(selecting).toBeGreaterThan(40);
  expect(narrowed).toBeGreaterThan(40);
});

test('an expression that fails is the end of those after it', async () => {
  const failing = '_flow.is_reply && true';
  for (const after of ['true', '!(_flow.is_reply)', '_flow.verdict == Verdict.DROPPED']) {
    const { exact, count } = await compare([cel(failing, after)], []);
    expect(exact).toBe(true);
    expect(count).toBeGreaterThan(0);
    await compare([], [cel(failing, after)]);
    await compare([cel(after, failing, 'true')], [cel('1 / 0 == 1', after)]);
  }
});

test('every field at least once, in every way', async () => {
  let exact = 0;
  for (const leaf of leaves) {
    for (const expression of new Set(fc.sample(atom(leaf), { numRuns: 4, seed: 3 }))) {
      const text = leaf.field.kind === 'wrapper' ? `${expression} && true` : expression;
      if ((await compare([cel(text)], [])).exact) exact++;
      await compare([], [cel(text)]);
    }
  }
  expect(exact).toBeGreaterThan(100);
});

test.each([
  '_flow.verdict == Verdict.DROPPED',
  '_flow.source.identity == uint(1)',
  'has(_flow.l7) && _flow.l7.http.code >= uint(500)',
  '_flow.source.pod_name.startsWith("xwing")',
  '"farfaraway" in [_flow.source.namespace, _flow.destination.namespace]',
  '!(_flow.verdict in [Verdict.FORWARDED, Verdict.AUDIT])',
  'has(_flow.l4.TCP) && _flow.l4.TCP.destination_port == 80u',
  '_flow.l4.TCP.flags.SYN && !_flow.l4.TCP.flags.ACK',
  '_flow.source.labels.exists(l, l.startsWith("k8s:"))',
  '_flow.source.namespace == _flow.destination.namespace',
])('SQL says exactly: %s', async (expression) => {
  const { exact, count } = await compare([cel(expression)], []);
  expect(exact).toBe(true);
  expect(count).toBeGreaterThan(0);
});

test('an expression that may fail is never claimed to be false', async () => {
  // Where is_reply is unknown the operand fails, so neither this nor its opposite matches.
  for (const text of ['_flow.is_reply && true', '!(_flow.is_reply && true)'])
    expect((await compare([cel(text)], [])).count).toBeGreaterThan(0);
  // The first fails for every flow, and what fails is the end of the search.
  expect((await compare([cel('1 / 0 == 1', 'true')], [])).count).toBe(0);
});

test('an answer says how many flows an expression could not be evaluated for', async () => {
  const query = {
    whitelist: [cel('_flow.verdict == Verdict.DROPPED && _flow.source.labels[0] != ""')],
    blacklist: [],
    ...{ number: 0n, first: false, follow: false, events: 'matching' as const },
    ...{ since: undefined, until: undefined },
  };
  const limits = { pageRows: 3000, heldRows: 50, maxRows: 1_000_000 };
  const notices: string[] = [];
  let responses = 0;
  for await (const item of answer(
    { store: stored.store, limits },
    query,
    AbortSignal.timeout(60_000),
  ))
    if (item.kind === 'response') responses++;
    else notices.push(item.notice);
  const failing = flows.filter(
    ({ response: { flow } }) => flow?.verdict === 2 && (flow.source?.labels ?? []).length === 0,
  );
  expect(responses).toBeGreaterThan(0);
  expect(failing.length).toBeGreaterThan(0);
  const [count] = /^\d+/.exec(notices.join()) ?? [];
  // Rows that keep their bytes are judged too.
  expect(Number(count)).toBeGreaterThanOrEqual(failing.length);
  expect(notices.join()).toContain(
    'flows are left out: the CEL expression could not be evaluated for them (index out of bounds: 0)',
  );
});
