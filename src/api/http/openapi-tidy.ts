// Makes the OpenAPI document fit to be read: what many routes have alike is said once and referred to, what nobody refers
// to is left out, and so are the bounds that JavaScript's numbers have anyway.

type Json = Readonly<Record<string, unknown>>;

/** A copy; the document itself stays as it is. */
export function tidied(document: object): Json {
  const whole = withoutNoise(document) as Json;
  const parameters = new Shared('parameters', (each) => String(each.name));
  const responses = new Shared('responses', (_, status) => `Problem${status}`);
  const paths = objectOf(whole.paths, (operations) =>
    objectOf(operations, (operation) => ({
      ...operation,
      ...(operation.requestBody !== undefined && {
        requestBody: bodyOf(operation.requestBody as Json),
      }),
      ...(Array.isArray(operation.parameters) && {
        parameters: operation.parameters.map((each: Json) =>
          each.in === 'path' ? each : parameters.add(each, ''),
        ),
      }),
      responses: objectOf(operation.responses, (response, status) =>
        Number(status) >= 400 ? responses.add(response, status) : response,
      ),
    })),
  );
  const components = whole.components as Json;
  const shared = { parameters: parameters.all, responses: responses.all };
  const schemas = referred({ paths, ...shared }, components.schemas as Json);
  return { ...whole, paths, components: { ...components, ...shared, schemas } };
}

/** A body of which nothing is needed need not be there. */
function bodyOf(body: Json): Json {
  const content = body.content as Readonly<Record<string, { readonly schema: Json }>>;
  const needed = Object.values(content).some(
    ({ schema }) => schema.type !== 'object' || (schema.required as Json[] | undefined)?.length,
  );
  return { ...body, required: needed };
}

/** Things told once under a name; different ones of one name are numbered. */
class Shared {
  private readonly kind: string;
  private readonly nameOf: (each: Json, key: string) => string;
  private readonly byText = new Map<string, string>();
  private readonly named = new Map<string, Json>();

  constructor(kind: string, nameOf: (each: Json, key: string) => string) {
    this.kind = kind;
    this.nameOf = nameOf;
  }

  get all(): Json {
    return Object.fromEntries(this.named);
  }

  add(each: Json, key: string): Json {
    const text = JSON.stringify(each);
    let name = this.byText.get(text);
    if (name === undefined) {
      const wanted = this.nameOf(each, key);
      name = wanted;
      for (let n = 2; this.named.has(name); n++) name = `${wanted}-${n}`;
      this.byText.set(text, name);
      this.named.set(name, each);
    }
    return { $ref: `#/components/${this.kind}/${name}` };
  }
}

function objectOf(value: unknown, change: (each: Json, key: string) => unknown): Json {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Json).map(([key, each]) => [key, change(each as Json, key)]),
  );
}

/** The schemas that are referred to, by way of others too. */
function referred(from: unknown, schemas: Json): Json {
  const wanted = new Set<string>();
  const look = (value: unknown) => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(
      /#\/components\/schemas\/([\w.-]+)/g,
    ))
      if (!wanted.has(name) && schemas[name] !== undefined) {
        wanted.add(name);
        look(schemas[name]);
      }
  };
  look(from);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => wanted.has(name)));
}

function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, each]) =>
          !(key === 'maximum' && each === Number.MAX_SAFE_INTEGER) &&
          !(key === 'minimum' && each === Number.MIN_SAFE_INTEGER),
      )
      .map(([key, each]) => [key, withoutNoise(each)]),
  );
}
