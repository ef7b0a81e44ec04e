// Where settings come from: a YAML file, the environment, flags. Each gives values with the place they stand at;
// nothing is checked here but that the place can be read.
import { isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { nearest } from './suggest.ts';
import {
  alternatives,
  below,
  envName,
  isMapping,
  leaves,
  oldPath,
  type Path,
  type SchemaNode,
} from './tree.ts';

/** One value and where it was read, such as `parallax.yaml:12`, `PARALLAX_LOG_LEVEL` or `--set`. */
export interface Setting {
  readonly path: Path;
  readonly value: unknown;
  readonly origin: string;
}

export interface Problem {
  /** Dotted path; empty when the problem is of no one setting. */
  readonly path: string;
  readonly message: string;
  readonly origin?: string | undefined;
}

export interface SourceResult {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
}

/** Reads the text of a YAML file; `name` is how the file is called in messages. */
export function fromYaml(text: string, name: string): SourceResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    message: error.message,
    origin: `${name}:${lines.linePos(error.pos[0]).line}`,
  }));
  if (document.errors.length > 0) return { settings: [], problems };
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { settings: [], problems };
  if (!isMap(root)) {
    const message = 'expected a mapping of settings at the top level';
    return { settings: [], problems: [...problems, { path: '', message, origin: `${name}:1` }] };
  }
  const settings: Setting[] = [];
  const walk = (node: Node | null, path: Path, line: number) => {
    const at =
      node?.range === undefined || node.range === null ? line : lines.linePos(node.range[0]).line;
    if (isMap(node) && node.items.length > 0) {
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        const keyAt =
          isScalar(pair.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : at;
        // The yaml library types the parts of a parsed document as unknown; they are nodes.
        walk(pair.value as Node | null, [...path, key], keyAt);
      }
      return;
    }
    if (isSeq(node) && node.items.length > 0) {
      // The items of a parsed list are nodes.
      for (const [index, item] of node.items.entries()) walk(item as Node, [...path, index], at);
      return;
    }
    const value = node === null ? null : node.toJS(document);
    settings.push({ path, value, origin: `${name}:${path.length > 0 ? line : at}` });
  };
  walk(root, [], 1);
  return { settings, problems };
}

/** Variables that look like ours and are set by Kubernetes for a Service of that name, or mean something else. */
const RESERVED = /^PARALLAX_(CONFIG|SERVER|TOKEN|TOKEN_FILE|(TEST|BENCH|KILL)_.*)$/;
const SERVICE_LINK =
  /_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/**
 * Reads the `PARALLAX_…` variables. An unknown one is a problem, as an unknown key of the file is.
 * `aliases`: other names of variables and the dotted path each stands for.
 */
export function fromEnv(
  tree: SchemaNode,
  env: Readonly<Record<string, string | undefined>>,
  aliases: Readonly<Record<string, string>> = {},
): SourceResult {
  const all = leaves(tree);
  const known = new Map(all.map((leaf) => [envName(leaf.path), leaf]));
  for (const leaf of all) {
    const path = oldPath(leaf);
    if (path !== undefined) known.set(envName(path), { ...leaf, path });
  }
  for (const [name, path] of Object.entries(aliases)) {
    const leaf = all.find((each) => each.path.join('.') === path);
    if (leaf !== undefined) known.set(name, leaf);
  }
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('PARALLAX_') || text === undefined || RESERVED.test(name)) continue;
    const link = SERVICE_LINK.test(name);
    const leaf = known.get(name);
    if (leaf === undefined) {
      if (link) continue;
      const near = nearest(name, known.keys());
      const message = `unknown variable${near === undefined ? '' : `, did you mean ${near}?`}`;
      problems.push({ path: '', message, origin: name });
      continue;
    }
    // `PARALLAX_API_PORT=tcp://10.0.0.1:80` is Kubernetes speaking of a Service called parallax-api.
    if (link && /^(tcp|udp|sctp):\/\//.test(text)) continue;
    const setting = { path: leaf.path, value: fromText(text, leaf.node), origin: name };
    // The full name wins over its short form.
    if (Object.hasOwn(aliases, name)) settings.unshift(setting);
    else settings.push(setting);
  }
  return { settings, problems };
}

/** Reads `--set path=value` flags. */
export function fromSetFlags(tree: SchemaNode, flags: readonly string[]): SourceResult {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    if (equals < 1) {
      const message = `expected PATH=VALUE such as bus.kind=kafka, got "${flag}"`;
      problems.push({ path: '', message, origin: '--set' });
      continue;
    }
    const path: (string | number)[] = [];
    let nodes: readonly SchemaNode[] = [tree];
    for (const key of flag.slice(0, equals).split('.')) {
      const list =
        /^\d{1,4}$/.test(key) && nodes.some((node) => alternatives(node).some((n) => n.items));
      const part = list ? Number(key) : key;
      path.push(part);
      nodes = nodes.flatMap((node) => below(node, part) ?? []);
    }
    const value = fromText(flag.slice(equals + 1), nodes[0] ?? {});
    settings.push({ path, value, origin: `--set ${path.join('.')}` });
  }
  return { settings, problems };
}

/**
 * A value written as text, for a setting of this kind: lists of words are comma separated, lists and mappings of more
 * than words are YAML (so JSON too), words stay as they are, numbers and booleans are read. Text that does not fit is
 * passed on as it is, for the schema to refuse.
 */
export function fromText(text: string, node: SchemaNode): unknown {
  const options = alternatives(node);
  const types = new Set(options.flatMap((option) => option.type ?? []));
  const structured = isMapping(node) || types.has('object') || /^\s*[[{]/.test(text);
  if (types.has('array')) {
    const plain = options.some(
      (option) =>
        option.items !== undefined && !isMapping(option.items) && option.items.type !== 'object',
    );
    if (plain && !/^\s*\[/.test(text)) {
      const words = text.split(',').map((word) => word.trim());
      const item = options.find((option) => option.items !== undefined)?.items ?? {};
      return words.filter((word) => word !== '').map((word) => fromText(word, item));
    }
    return yamlOr(text);
  }
  if (types.has('boolean') && /^(true|false|1|0)$/i.test(text)) return /^(true|1)$/i.test(text);
  if ((types.has('number') || types.has('integer')) && /^-?\d+(\.\d+)?$/.test(text))
    return Number(text);
  if (types.has('string')) return text;
  return structured ? yamlOr(text) : text;
}

function yamlOr(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
