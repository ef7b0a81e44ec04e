// The OpenAPI document of the API, made from the schemas that its routes are declared with, and the page that shows it.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { FILTER_VALUE } from '../../query/request/fields.ts';
import { formNamed, textForm } from '../../query/request/flag-forms.ts';
import { etagOf, matches } from './cache.ts';
import { tidied } from './openapi-tidy.ts';

const DESCRIPTION = `What Parallax keeps and knows: flows of many Cilium clusters, and what is made of them.

- Every document carries \`coverage\`, what its window of time covers, and \`cost\`, what it took. Streams end with both where notices are asked for.
- Times are written as durations before now (\`30m\`, \`7d\`), as days, or in RFC 3339; answers have RFC 3339.
- Routes with \`:query\` take by POST, in a JSON body, what the route without it takes in the query string.
- Refusals and failures are problem details (RFC 9457) with a \`code\` of docs/reference/errors.md.
- Answers about closed windows carry an \`etag\`. Answers are compressed for clients that take it.
- /healthz, /readyz and /metrics are beside the API.`;

const TAGS = [
  { name: 'flows', description: 'Flows and the events around them.' },
  { name: 'connections', description: 'What both sides saw of one conversation.' },
  { name: 'denials', description: 'What was denied, as incidents.' },
  { name: 'totals', description: 'Counts, tops, series, maps and comparisons.' },
  { name: 'coverage', description: 'What is stored, and what is missing.' },
  {
    name: 'catalogue',
    description: 'Clusters, nodes, namespaces, identities, and values to choose from.',
  },
  { name: 'server', description: 'The server itself.' },
];

/** The page loads nothing from elsewhere, asks this server only, and is shown in no other page. */
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

/** To be registered before the routes. */
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
            description: 'Where api.auth has tokens; on loopback without tokens none is needed.',
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
      const querystring = made?.querystring as JsonSchema | undefined;
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

/** To be registered behind the routes. */
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

/** Making JSON Schema of responses leaves their headers out. */
function withHeaders(made: unknown, declared: unknown): object {
  const responses = (declared ?? {}) as Readonly<Record<string, { readonly headers?: object }>>; // as routes declare them
  return Object.fromEntries(
    Object.entries((made ?? {}) as Readonly<Record<string, object>>).map(([status, response]) => {
      const { headers } = responses[status] ?? {};
      return [status, headers === undefined ? response : { ...response, headers }];
    }),
  );
}

/** A schema of its own is called after the side that it is of, too. */
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
 * Bodies take numbers and truth values also as the text that they are in a query string, and single values for lists. Of
 * a parameter, where all is text, the document says only what is meant.
 */
function queryParameter({ anyOf, $ref, ...rest }: JsonSchema): JsonSchema {
  const [, flag] = FLAG_VALUE.exec($ref ?? '') ?? [];
  if (flag !== undefined) {
    const form = formNamed(flag);
    const items = { type: 'string', ...(form && textForm(form)) };
    // A list of nothing cannot be written in a query string: it would be one empty text.
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
  // A list of any kind, or text: text. FlowFilters are JSON, written as text.
  const single =
    types.includes('string') && list !== undefined
      ? ways.find(({ type }) => type === 'string')
      : ways.find(({ type }) => ['integer', 'number', 'boolean'].includes(type ?? ''));
  return { ...(single ?? ways[0]), ...rest };
}
