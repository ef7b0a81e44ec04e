// The reference page of the HTTP API, made from its OpenAPI document.
import { GENERATED, table } from './markdown.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[];
  readonly requestBody?: object;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

export interface ApiDocument {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

/** `filters` are the names of the filter flags, which are listed once. */
export function apiPage(document: ApiDocument, filters: readonly string[]): string {
  const filterNames = new Set([...filters, ...filters.map((name) => `not.${name}`)]);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.flatMap(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name);
    if (own.length === 0) return [];
    const listed = own.filter(({ method, path }) => !repeats(document, method, path));
    return [
      `## ${name}\n\n${description}`,
      ...listed.map((each) => section(document, each, filterNames)),
    ];
  });
  return `# HTTP API
${GENERATED}

Also available as an OpenAPI 3.1 document: [openapi.json](openapi.json), \`/openapi.json\` on a running server, and
\`/docs\` to try requests.

${document.info.description}

## Filters

Parameters of every route with filters, equal to the flags of \`parallax observe\`. Each may be repeated; with \`not.\` before
its name, matching flows are excluded.

${table(
  ['parameter', 'matches'],
  filters.map((name) => [`\`${name}\``, document.components.parameters[name]?.description ?? '']),
)}

${sections.join('\n\n')}
`;
}

/** A POST with the same fields in its body as the GET beside it is described there. */
function repeats({ paths }: ApiDocument, method: string, path: string): boolean {
  return method === 'post' && paths[path.replace(/:query$/, '')]?.get !== undefined;
}

function section(
  document: ApiDocument,
  each: { readonly path: string; readonly method: string; readonly operation: Operation },
  filters: ReadonlySet<string>,
): string {
  const { path, method, operation } = each;
  const post =
    document.paths[`${path}:query`]?.post === undefined ? '' : `, \`POST ${path}:query\``;
  const all = (operation.parameters ?? []).map((parameter) => resolved(document, parameter));
  const own = all.filter(({ name }) => !filters.has(name));
  const rows = own.map(({ name, required, description = '', schema }) => [
    `\`${name}\``,
    typeText(schema) + (required ? ', needed' : defaultText(schema)),
    description,
  ]);
  const takesFilters = all.length > own.length ? '\n\nTakes the [filters](#filters).' : '';
  return [
    `### \`${method.toUpperCase()} ${path}\`${post}`,
    operation.summary,
    ...(operation.description === undefined ? [] : [operation.description]),
    ...(rows.length > 0 ? [table(['parameter', 'type', 'meaning'], rows) + takesFilters] : []),
    ...answerText(document, operation),
  ].join('\n\n');
}

function answerText(document: ApiDocument, { responses }: Operation): string[] {
  const content = responses['200']?.content ?? {};
  const json = content['application/json']?.schema;
  const properties = json && deref(document, json).properties;
  const kinds = Object.keys(content).map((kind) => `\`${kind}\``);
  const head = `Answers ${kinds.join(', ')}.`;
  if (properties === undefined) return [head];
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    typeText(schema),
    schema.description ?? deref(document, schema).description ?? '',
  ]);
  return [head, table(['member', 'type', 'meaning'], rows)];
}

function resolved(
  { components }: ApiDocument,
  parameter: { readonly $ref: string } | Parameter,
): Parameter {
  if (!('$ref' in parameter)) return parameter;
  const found = components.parameters[nameOf(parameter.$ref)];
  if (found === undefined) throw new Error(`${parameter.$ref} is not there`);
  return found;
}

function deref({ components }: ApiDocument, schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (components.schemas[nameOf(schema.$ref)] ?? schema);
}

function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(' or ');
  if (schema.items !== undefined) return `list of ${typeText(schema.items)}`;
  const { minimum, maximum } = schema;
  const bounds = minimum !== undefined && maximum !== undefined ? ` ${minimum}–${maximum}` : '';
  return [schema.type ?? 'any'].flat().join(' or ') + bounds;
}

function defaultText(schema: Schema): string {
  return schema.default === undefined ? '' : `, \`${schema.default}\` when left out`;
}
