// The OpenAPI document, made from the schemas of the routes, and the page that shows it.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { FILTER_VALUE } from '../../query/request/fields.ts';
import { formNamed, textForm } from '../../query/request/flag-forms.ts';
import { etagOf, matches } from './cache.ts';
import { tidied } from './openapi-tidy.ts';

const DESCRIPTION = `Flows of many Cilium clusters, as stored by Parallax: flows, connections, denials, totals and coverage.

- Every document has \`coverage\`, the completeness of its window, and \`cost\`, what the query read. Streams end with both when \`notices\` is set.
- Times are durations before now (\`30m\`, \`7d\`), dates or RFC 3339; documents have RFC 3339.
- Routes with \`:query\` take the parameters of the route without it as a JSON body, by POST.
- Errors are problem details (RFC 9457) with a \`code\` of docs/reference/errors.md.
- Documents about closed windows have an \`etag\`. Responses are compressed for clients that accept it.
- /healthz, /readyz and /metrics are not part of the API.`;

const TAGS = [
  { name: 'flows', description: 'Flows, lost events and node status.' },
  { name: 'connections', description: 'Connections as both sides saw them.' },
  { name: 'denials', description: 'Denied traffic, grouped into incidents.' },
  { name: 'totals', description: 'Aggregates, top lists, time series, maps and comparisons.' },
  { name: 'coverage', description: 'Completeness of the stored flows.' },
  {
    name: 'catalogue',
    description: 'Clusters, nodes, namespaces, identities and completion of values.',
  },
  { name: 'server', description: 'The server itself.' },
];

/** The page loads from and connects to this server only, and cannot be framed. */
const DOCS_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Register before the routes. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    hideUntagged: true,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parallax',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'Required when api.auth has tokens.',
          },
        },
      },
      security: [{ bearer: [] }, {}],
    },
    transform: (input) => {
      const { schema: made, url } = jsonSchemaTransform(input);
      const schema = {
        ...made,
        response: withHeaders(made?.response, input.schema?.response),
        operationId: operationOf(input.route.method, url),
      };
      const querystring = made?.querystring as JsonSchema | undefined; // of the transform
      if (querystring?.properties === undefined) return { schema, url };
      const properties = Object.entries(querystring.properties).map(
        ([name, property]) => [name, queryParameter(property)] as const,
      );
      const own = { ...querystring, properties: Object.fromEntries(properties) };
      return { schema: { ...schema, querystring: own }, url };
    },
    transformObject: jsonSchemaTransformObject,
  });
}

/** Register after the routes. */
export async function addOpenApiPages(app: FastifyInstance): Promise<void> {
  let made: { readonly text: string; readonly etag: string } | undefined;
  app.get('/openapi.json', async (request, reply) => {
    if (made === undefined) {
      const document = openApiOf(app);
      made = { text: JSON.stringify(document), etag: etagOf(document) };
    }
    reply.header('etag', made.etag).header('cache-control', 'no-cache');
    if (matches(request.headers['if-none-match'], made.etag)) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(made.text);
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    transformSpecification: (document) => ({ ...tidied(document) }),
    uiConfig: { docExpansion: 'list', deepLinking: true, tryItOutEnabled: true },
    theme: { title: 'Parallax API' },
  });
}

/** The document, once the application is ready. */
export function openApiOf(app: FastifyInstance): object {
  return tidied(app.swagger());
}

/** `GET /api/v1/flows` is `get_flows`, `POST /api/v1/flows::query` is `post_flows_query`. */
function operationOf(method: string | readonly string[], url: string): string {
  const words = url.replace(/^\/api\/v1\//, '').match(/\w+/g) ?? [];
  return [[method].flat()[0] ?? '', ...words].join('_').toLowerCase();
}

/** The conversion to JSON Schema drops headers of responses. */
function withHeaders(made: unknown, declared: unknown): object {
  const responses = (declared ?? {}) as Readonly<Record<string, { readonly headers?: object }>>; // as routes declare them
  return Object.fromEntries(
    Object.entries((made ?? {}) as Readonly<Record<string, object>>).map(([status, response]) => {
      const { headers } = responses[status] ?? {};
      return [status, headers === undefined ? response : { ...response, headers }];
    }),
  );
}

const FLAG_VALUE = new RegExp(`/${FILTER_VALUE}\\.?([\\w-]*?)(?:Input)?$`);

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly [key: string]: unknown;
}

/**
 * Schemas also accept numbers and booleans as text, and single values for lists, because query strings are text. The
 * document shows the intended type of a parameter only.
 */
function queryParameter({ anyOf, $ref, ...rest }: JsonSchema): JsonSchema {
  const [, flag] = FLAG_VALUE.exec($ref ?? '') ?? [];
  if (flag !== undefined) {
    const form = formNamed(flag);
    const items = { type: 'string', ...(form && textForm(form)) };
    // A query string cannot hold an empty list, only one empty string.
    const some = form !== undefined && !form.enum?.includes('');
    return { type: 'array', items, ...(some && { minItems: 1 }), ...rest };
  }
  const ways = anyOf?.map(queryParameter);
  if (ways === undefined) return rest;
  const list = ways.find(({ type }) => type === 'array');
  const items = list?.items;
  if (list !== undefined && items !== undefined && Object.keys(items).length > 0)
    return { ...list, ...rest, items: queryParameter(items) };
  const types = ways.map(({ type }) => type);
  // FlowFilters are JSON written as text.
  const single =
    types.includes('string') && list !== undefined
      ? ways.find(({ type }) => type === 'string')
      : ways.find(({ type }) => ['integer', 'number', 'boolean'].includes(type ?? ''));
  return { ...(single ?? ways[0]), ...rest };
}
