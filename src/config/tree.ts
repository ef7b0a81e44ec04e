// A zod schema seen as a tree of keys, by way of its JSON Schema: what exists, of which kind, named how in the
// environment. Loading, printing and the reference page all read this one view.
import { z } from 'zod';

/** The parts of JSON Schema that zod writes for a configuration. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  /** Set by `.meta({ secret: true })`. */
  readonly secret?: boolean;
  /** Set by `.meta({ renamedFrom: 'old' })`: the key's old name in the same mapping, read with a warning. */
  readonly renamedFrom?: string;
}

export type Path = readonly (string | number)[];

/** The schema of what people write (before durations become numbers). */
export function schemaTree(schema: z.ZodType): SchemaNode {
  // SchemaNode is the part of JSON Schema that our schemas use.
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
}

export function pathText(path: Path): string {
  return path.length === 0 ? '(top level)' : path.join('.');
}

/** All alternatives of a node: itself, or the members of its union. */
export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  const members = node.anyOf ?? node.oneOf;
  return members === undefined ? [node] : members.flatMap(alternatives);
}

/** The nodes below `key`; empty when the schema knows no such key, undefined when it takes any. */
export function below(node: SchemaNode, key: string | number): readonly SchemaNode[] | undefined {
  const found: SchemaNode[] = [];
  for (const option of alternatives(node)) {
    const property = option.properties?.[currentKey(option, key)];
    const rest = option.additionalProperties;
    if (property !== undefined) found.push(property);
    else if (option.items !== undefined && /^\d+$/.test(String(key))) found.push(option.items);
    else if (typeof rest === 'object') {
      if (Object.keys(rest).length === 0) return undefined;
      found.push(rest);
    }
  }
  return found;
}

/** The key's name today, where `key` is its old name. */
function currentKey({ properties = {} }: SchemaNode, key: string | number): string {
  const text = String(key);
  if (Object.hasOwn(properties, text)) return text;
  return Object.keys(properties).find((name) => properties[name]?.renamedFrom === text) ?? text;
}

/** The path with every old key replaced by its name today. */
export function currentPath(tree: SchemaNode, path: Path): Path {
  let nodes: readonly SchemaNode[] = [tree];
  return path.map((part) => {
    const mapping = nodes.flatMap(alternatives).find((node) => below(node, part)?.length);
    nodes = nodes.flatMap((node) => below(node, part) ?? []);
    return typeof part === 'number' || mapping === undefined ? part : currentKey(mapping, part);
  });
}

/** The path with its last key under its old name; undefined for a key that was never renamed. */
export function oldPath({ path, node }: Leaf): readonly string[] | undefined {
  return node.renamedFrom === undefined ? undefined : [...path.slice(0, -1), node.renamedFrom];
}

/** Keys a mapping of this node may have by name; empty for what is no mapping. */
export function knownKeys(node: SchemaNode): readonly string[] {
  return [...new Set(alternatives(node).flatMap((option) => Object.keys(option.properties ?? {})))];
}

export function isMapping(node: SchemaNode): boolean {
  return alternatives(node).some((option) => option.properties !== undefined);
}

export interface Leaf {
  readonly path: readonly string[];
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** Every setting that is no mapping itself, in the order of the schema; a list or record counts as one. */
export function leaves(node: SchemaNode, path: readonly string[] = [], required = true): Leaf[] {
  if (!isMapping(node)) return path.length === 0 ? [] : [{ path, node, required }];
  return knownKeys(node).flatMap((key) => {
    const child = below(node, key)?.[0];
    if (child === undefined) return [];
    const must = alternatives(node).every((option) => option.required?.includes(key) ?? false);
    return leaves(child, [...path, key], must);
  });
}

/** A setting whose value is never shown. */
export function isSecret(key: string, node: SchemaNode | undefined): boolean {
  return node?.secret === true || /(password|secret|token|passphrase)$/i.test(key);
}

/**
 * `bus.kafka.maxRecordBytes` → `PARALLAX_BUS_KAFKA_MAX_RECORD_BYTES`: path parts joined by `_`, and `_` before every
 * capital that follows a small letter or digit, all in capitals.
 */
export function envName(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2'));
  return `PARALLAX_${words.join('_').toUpperCase()}`;
}
