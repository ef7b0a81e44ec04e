// Shortens the OpenAPI document: parameters and problems that routes have in common become components, and unused
// schemas and the bounds of JavaScript's integers are left out. Component schemas are sorted by name.

interface Named {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
}

interface Operation {
  parameters?: Named[];
  requestBody?: {
    required?: boolean;
    readonly content: Record<string, { schema: { type?: string; required?: string[] } }>;
  };
  readonly responses: Record<string, Named>;
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, object>>;
}

/** A changed copy. */
export function tidied(document: object): object {
  const copy = JSON.parse(JSON.stringify(document, withoutBounds)) as Document; // as @fastify/swagger makes it
  const parameters: Record<string, Named> = {};
  const responses: Record<string, Named> = {};
  for (const operation of Object.values(copy.paths).flatMap((path) => Object.values(path))) {
    const { requestBody: body } = operation;
    if (body) body.required = Object.values(body.content).some(({ schema }) => isNeeded(schema));
    if (operation.parameters)
      operation.parameters = operation.parameters.map((each) =>
        each.in === 'path' ? each : shared('parameters', parameters, each.name ?? '', each),
      );
    for (const [status, response] of Object.entries(operation.responses))
      if (Number(status) >= 400)
        operation.responses[status] = shared('responses', responses, `Problem${status}`, response);
  }
  Object.assign(copy.components, { parameters, responses });
  const { schemas = {}, ...others } = copy.components;
  copy.components.schemas = referred([copy.paths, others], schemas);
  return copy;
}

/** A body may be left out when all its fields may. */
function isNeeded({ type, required }: { type?: string; required?: string[] }): boolean {
  return type !== 'object' || (required?.length ?? 0) > 0;
}

/** A reference to the component; different ones of one name are numbered. */
function shared(kind: string, known: Record<string, Named>, wanted: string, each: Named): Named {
  const text = JSON.stringify(each);
  let name = wanted;
  for (let n = 2; known[name] && JSON.stringify(known[name]) !== text; n++) name = `${wanted}-${n}`;
  known[name] = each;
  return { $ref: `#/components/${kind}/${name}` };
}

/** The schemas that are referred to, directly or by other schemas, sorted by name. */
function referred(from: unknown, schemas: Record<string, object>): Record<string, object> {
  const used = new Set<string>();
  const visit = (value: unknown) => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(
      /#\/components\/schemas\/([\w.-]+)/g,
    ))
      if (!used.has(name) && schemas[name] !== undefined) {
        used.add(name);
        visit(schemas[name]);
      }
  };
  visit(from);
  return Object.fromEntries([...used].sort().map((name) => [name, schemas[name] ?? {}]));
}

function withoutBounds(key: string, value: unknown): unknown {
  const isBound =
    (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) ||
    (key === 'minimum' && value === Number.MIN_SAFE_INTEGER);
  return isBound ? undefined : value;
}
