// Requests made from the OpenAPI document itself: whatever is asked, there is an answer that the document declares, and
// never a fault of the server.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ERRORS } from '../../../../src/runtime/errors.ts';
import { type HttpAnswer, type HttpServing, httpServing } from '../../../support/api/serving.ts';
import { corpus } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[];
  readonly requestBody?: {
    readonly content: { readonly 'application/json': { readonly schema: Schema } };
  };
  readonly responses: Readonly<Record<string, object>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Schema & Parameter>>>>;
}

let stored: StoredCorpus;
let api: HttpServing;
let document: Document;
const RUNS = Number(process.env.PARALLAX_TEST_RUNS ?? 150);

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert((await corpus('flows.jsonl')).slice(0, 500));
  api = await httpServing(stored.store, { settings: { rateLimit: { requests: 0 } } });
  document = (await api.get('/openapi.json')).body as unknown as Document;
});
afterAll(() => stored.close());

function deref<T extends { readonly $ref?: string }>(value: T): T {
  if (value.$ref === undefined) return value;
  const [, , kind = '', name = ''] = value.$ref.split('/');
  const found = document.components[kind]?.[name.replaceAll('~1', '/')];
  if (found === undefined) throw new Error(`${value.$ref} is not in the document`);
  return deref(found as unknown as T);
}

/** Words that mean something somewhere, so that requests get past the first check. */
const WORDS = [
  ...['1h', '30m', '2026-03-14T10:00:00Z', '2026-03-14', '0s', '-5m', '400000h', 'now', ''],
  ...['DROPPED', 'FORWARDED', 'http', 'tcp', '80', '10.0.0.1', '10.0.0.0/8', '::1', 'default/'],
  ...[
    'app=web',
    'farfaraway',
    'SYN',
    'ingress',
    'true',
    'false',
    '0',
    '-1',
    '1e9',
    '99999999999999999999',
  ],
  ...[
    "' OR 1=1 --",
    '\u0000',
    '*',
    '(',
    '[',
    '{}',
    '[{"verdict":["DROPPED"]}]',
    '{"source_ip":["10.0.0.1"]}',
  ],
  '15457536-e54f-49ad-872f-cb267b0af93f',
];
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);

/** A value as the schema has it, or now and then one that it has not. */
function aValue(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const own = deref(schema);
  if (depth > 4) return text;
  const right = (): fc.Arbitrary<unknown> => {
    if (own.enum !== undefined) return fc.constantFrom(...own.enum);
    if (own.anyOf !== undefined)
      return fc.oneof(...own.anyOf.map((each) => aValue(each, depth + 1)));
    switch ([own.type].flat()[0]) {
      case 'integer':
        return fc.integer({ min: own.minimum ?? -5, max: own.maximum ?? 1_000_000 });
      case 'number':
        return fc.double();
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(aValue(own.items ?? {}, depth + 1), { maxLength: 3 });
      case 'object':
        return bodyOf(own, depth + 1);
      default:
        return text;
    }
  };
  return fc.oneof({ weight: 12, arbitrary: right() }, { weight: 1, arbitrary: fc.jsonValue() });
}

function bodyOf({ properties = {}, required = [] }: Schema, depth: number): fc.Arbitrary<object> {
  const names = Object.keys(properties);
  if (names.length === 0)
    return fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue(), { maxKeys: 3 });
  return fc
    .subarray(names, { maxLength: Math.min(4, names.length) })
    .chain((some) =>
      fc.record(
        Object.fromEntries(
          [...new Set([...some, ...required])].map((name) => [
            name,
            aValue(properties[name] ?? {}, depth),
          ]),
        ),
      ),
    );
}

interface Asked {
  readonly path: string;
  readonly template: string;
  readonly method: string;
  readonly body?: unknown;
}

function requestOf(template: string, method: string, operation: Operation): fc.Arbitrary<Asked> {
  const parameters = (operation.parameters ?? []).map(
    (each) => deref(each as { $ref?: string }) as unknown as Parameter,
  );
  const query = parameters.filter((each) => each.in === 'query');
  const params = parameters.filter((each) => each.in === 'path');
  const schema = operation.requestBody?.content['application/json'].schema;
  const some = fc.subarray(query, { maxLength: Math.min(5, query.length) }).chain((chosen) =>
    fc.tuple(
      ...[...new Set([...chosen, ...query.filter(({ required }) => required)])].map(
        ({ name, schema }) =>
          aValue(schema).map((value) =>
            [value]
              .flat()
              .map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(wellFormed(each))}`)
              .join('&'),
          ),
      ),
    ),
  );
  return fc
    .record({
      query: some,
      params: fc.tuple(
        ...params.map(() => text.filter((each) => each !== '' && each !== '.' && each !== '..')),
      ),
      body: schema === undefined ? fc.constant(undefined) : aValue(schema),
    })
    .map(({ query, params: values, body }) => {
      let at = 0;
      const path = template.replace(/\{\w+\}/g, () => encodeURIComponent(wellFormed(values[at++])));
      const search = query.filter(Boolean).join('&');
      return {
        template,
        method,
        path: search === '' ? path : `${path}?${search}`,
        ...(body !== undefined && { body }),
      };
    });
}

function wellFormed(value: unknown): string {
  const words = typeof value === 'string' ? value : String(JSON.stringify(value));
  // encodeURIComponent throws for half a surrogate.
  return words.replace(/\p{Surrogate}/gu, '?');
}

test('the document is OpenAPI 3.1 and has every route', () => {
  expect(document.openapi).toBe('3.1.0');
  const paths = Object.keys(document.paths);
  for (const path of [
    'flows',
    'flows:query',
    'flows/{uuid}',
    'connections:query',
    'complete',
    'coverage',
    'doctor',
  ])
    expect(paths).toContain(`/api/v1/${path}`);
  for (const operations of Object.values(document.paths))
    for (const operation of Object.values(operations) as { summary?: string; tags?: string[] }[]) {
      expect(operation.summary).toBeTruthy();
      expect(operation.tags).toHaveLength(1);
    }
});

/** A stream of what is to come: it counts as answered once it is open. */
const ENDLESS = '/api/v1/incidents/feed';

async function opened(path: string): Promise<HttpAnswer> {
  const over = new AbortController();
  const response = await fetch(api.url + path, { signal: over.signal });
  const { status, headers } = response;
  if (status >= 400) {
    const text = await response.text();
    return { status, headers, text, body: JSON.parse(text) };
  }
  over.abort();
  expect(headers.get('content-type')).toContain('text/event-stream');
  return { status, headers, text: '', body: {} };
}

test('whatever is asked, the answer is one that is declared', async () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(path, method, operation)),
  );
  const declared = (asked: Asked) => {
    const operation = document.paths[asked.template]?.[asked.method];
    return Object.keys(operation?.responses ?? {});
  };
  const counts = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(...operations), async (asked) => {
      const { method, path, body } = asked;
      const answer =
        asked.template === ENDLESS
          ? await opened(path)
          : method === 'get'
            ? await api.get(path)
            : await api.post(path, JSON.stringify(body ?? {}));
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      expect(declared(asked), `${method} ${path}`).toContain(String(answer.status));
      expect(answer.status, answer.text).toBeLessThan(500);
      if (answer.status < 400) return;
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({ status: answer.status, detail: expect.any(String) });
      expect(Object.keys(ERRORS)).toContain(answer.body.code);
    }),
    { numRuns: RUNS },
  );
  // Both kinds were tried.
  expect(counts.get(200)).toBeGreaterThan(RUNS / 20);
  expect(counts.get(400)).toBeGreaterThan(RUNS / 20);
});

test('the page that shows it brings all it needs along', async () => {
  const { text: page } = await api.get('/docs/');
  const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
  expect(sources.length).toBeGreaterThan(3);
  for (const source of sources) {
    expect(source).not.toMatch(/^(https?:)?\/\//);
    const { status } = await api.get(new URL(source, `${api.url}/docs/`).pathname);
    expect([source, status]).toEqual([source, 200]);
  }
  const policy = (await fetch(`${api.url}/docs/`)).headers.get('content-security-policy');
  expect(policy).toContain("default-src 'self'");
});
