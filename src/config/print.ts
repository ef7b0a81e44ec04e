// Prints a configuration as the YAML file that would say the same, defaults included, secrets hidden, with the place
// each value that is no default came from.
import { Document, isMap, isNode, isScalar, isSeq } from 'yaml';
import {
  alternatives,
  below,
  isMapping,
  isSecret,
  knownKeys,
  type Path,
  type SchemaNode,
} from './tree.ts';

export const HIDDEN = '<hidden>';

export interface PrintOptions {
  readonly tree: SchemaNode;
  readonly written: unknown;
  readonly origins: ReadonlyMap<string, string>;
}

export function printConfig({ tree, written, origins }: PrintOptions): string {
  const document = new Document(effective(tree, written, ''));
  annotate(document.contents, [], origins);
  return document.toString({ lineWidth: 0 });
}

/** Writes the origin of every value that has one behind it; lists of words go on one line. */
function annotate(node: unknown, path: Path, origins: PrintOptions['origins']): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) annotate(value, [...path, String(key)], origins);
    return;
  }
  if (isSeq(node)) {
    node.flow = node.items.every(isScalar);
    if (!node.flow) {
      for (const [index, item] of node.items.entries()) annotate(item, [...path, index], origins);
      return;
    }
  }
  const origin = origins.get(path.join('.')) ?? origins.get([...path, 0].join('.'));
  if (origin !== undefined && isNode(node)) node.comment = ` ${origin}`;
}

/** What was written, filled up with the defaults in their written form; secrets replaced. */
function effective(node: SchemaNode, written: unknown, key: string): unknown {
  const value = written === undefined ? node.default : written;
  if (value !== undefined && value !== '' && isSecret(key, node)) return HIDDEN;
  if (Array.isArray(value)) {
    return value.map((item, index) => effective(below(node, index)?.[0] ?? {}, item, ''));
  }
  if (typeof value === 'object' && value !== null) {
    const known = chosen(node, value);
    const keys = [...new Set([...knownKeys(known), ...Object.keys(value)])];
    // The value is an object here, checked above.
    const entries = keys.map((name): [string, unknown] => [
      name,
      effective(below(known, name)?.[0] ?? {}, (value as Record<string, unknown>)[name], name),
    ]);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  }
  return typeof value === 'string' ? withoutUserinfo(value) : value;
}

/** The alternative of a union that a written mapping stands for: the one whose fixed values it has. */
function chosen(node: SchemaNode, value: object): SchemaNode {
  const options = alternatives(node).filter(isMapping);
  // An object; a key it lacks gives undefined.
  const fits = (option: SchemaNode) =>
    Object.entries(option.properties ?? {}).every(
      ([key, property]) =>
        property.const === undefined || property.const === (value as Record<string, unknown>)[key],
    );
  return options.find(fits) ?? options[0] ?? node;
}

/** `https://user:password@host` is an address with a secret in it. */
function withoutUserinfo(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#@]*@/i, `$1:${HIDDEN}@`);
}
