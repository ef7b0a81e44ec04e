// Loads a configuration: defaults < YAML file < environment < flags. Unknown keys are errors, and all problems are
// reported at once, each with its path and the place it was read from.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ParallaxError } from '../runtime/errors.ts';
import {
  fromEnv,
  fromSetFlags,
  fromYaml,
  type Problem,
  type Setting,
  type SourceResult,
} from './sources.ts';
import { nearest } from './suggest.ts';
import {
  below,
  currentPath,
  isMapping,
  isSecret,
  knownKeys,
  type Path,
  pathText,
  type SchemaNode,
  schemaTree,
} from './tree.ts';

export interface ConfigSources {
  /** Path of a YAML file; none when undefined. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Short names of variables and the dotted path each stands for. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The `--set path=value` flags, in order. */
  readonly set?: readonly string[];
  /** What dedicated flags say, such as `{ path: ['log', 'level'], value: 'debug', origin: '--log-level' }`. */
  readonly flags?: readonly Setting[];
}

export interface LoadedConfig<T> {
  readonly value: T;
  /** What was written by anybody, merged, as it was written. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Dotted path to the place a value was read from. */
  readonly origins: ReadonlyMap<string, string>;
  /** Settings that were given under an old name. */
  readonly renamed: readonly RenamedSetting[];
}

export interface RenamedSetting {
  /** Dotted paths. */
  readonly oldKey: string;
  readonly newKey: string;
  readonly origin: string;
}

/** Loads and checks; throws `config/invalid` whose message lists every problem. */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  sources: ConfigSources,
): LoadedConfig<z.output<S>> {
  const tree = schemaTree(schema);
  const read: SourceResult[] = [];
  if (sources.file !== undefined) read.push(fromYaml(readText(sources.file), sources.file));
  read.push(fromEnv(tree, sources.env, sources.aliases), fromSetFlags(tree, sources.set ?? []));
  read.push({ settings: sources.flags ?? [], problems: [] });

  const problems: Problem[] = read.flatMap((result) => result.problems);
  const origins = new Map<string, string>();
  const written: Record<string, unknown> = {};
  const given = read.flatMap((result) => result.settings);
  const renamed = renamedSettings(tree, given);
  problems.push(...givenTwice(renamed, given));
  for (const setting of given) {
    const refused = place(written, { ...setting, path: currentPath(tree, setting.path) }, origins);
    if (refused !== undefined) problems.push(refused);
  }
  problems.push(...unknownKeys(tree, written, [], origins));

  const parsed = schema.safeParse(written);
  for (const issue of parsed.error?.issues ?? []) {
    // Unknown keys are reported above, with the known key that was meant.
    if (issue.code === 'unrecognized_keys') continue;
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    problems.push({
      path: pathText(path),
      message: `${issue.message}${received(written, path, tree)}`,
      origin: originOf(path, origins),
    });
  }
  if (problems.length > 0 || !parsed.success) throw invalid(problems);
  return { value: parsed.data, written, origins, renamed };
}

function renamedSettings(tree: SchemaNode, settings: readonly Setting[]): RenamedSetting[] {
  return settings.flatMap(({ path, origin }) => {
    const [oldKey, newKey] = [path.join('.'), currentPath(tree, path).join('.')];
    return oldKey === newKey ? [] : [{ oldKey, newKey, origin }];
  });
}

function givenTwice(renamed: readonly RenamedSetting[], settings: readonly Setting[]): Problem[] {
  return renamed.flatMap(({ oldKey, newKey, origin }) => {
    const other = settings.find(({ path }) => path.join('.') === newKey);
    if (other === undefined) return [];
    const message = `is also set by its old name ${oldKey} (${origin}); remove the old one`;
    return [{ path: newKey, message, origin: other.origin }];
  });
}

/** One line for people: where the old key stands and what it is called now. */
export function renameNotice({ oldKey, newKey, origin }: RenamedSetting): string {
  return `${origin}: ${oldKey} is now ${newKey}; the old name is read for one version`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ParallaxError(
      'config/invalid',
      `configuration file ${file} cannot be read: ${reason}`,
      {
        cause: error,
      },
    );
  }
}

/** Puts a value at its path, over what was there. A later list takes the place of the whole earlier one. */
function place(
  root: Record<string, unknown>,
  setting: Setting,
  origins: Map<string, string>,
): Problem | undefined {
  const { path, value, origin } = setting;
  let at: Record<string, unknown> | unknown[] = root;
  for (const [depth, part] of path.entries()) {
    // A list is written by index as an object is by key.
    const slots = at as Record<string | number, unknown>;
    if (part === '__proto__') return { path: pathText(path), message: 'unknown key', origin };
    if (depth === path.length - 1) {
      slots[part] = value;
      break;
    }
    let next = slots[part];
    if (typeof next !== 'object' || next === null) {
      next = typeof path[depth + 1] === 'number' ? [] : {};
      slots[part] = next;
    }
    // Checked above: it is an object or a list.
    at = next as Record<string, unknown>;
  }
  const dotted = path.join('.');
  for (const key of origins.keys()) if (key.startsWith(`${dotted}.`)) origins.delete(key);
  origins.set(dotted, origin);
  return undefined;
}

/** The place of the nearest setting at, above or below this path. */
function originOf(path: Path, origins: ReadonlyMap<string, string>): string | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const dotted = path.slice(0, depth).join('.');
    const found = origins.get(dotted);
    if (found !== undefined) return found;
    for (const [key, origin] of origins) if (key.startsWith(`${dotted}.`)) return origin;
  }
  return undefined;
}

function unknownKeys(
  node: SchemaNode,
  value: unknown,
  path: Path,
  origins: ReadonlyMap<string, string>,
): Problem[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const [child] = below(node, index) ?? [];
      return child === undefined ? [] : unknownKeys(child, item, [...path, index], origins);
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    const children = below(node, key);
    if (children === undefined) return [];
    const [child] = children;
    if (child !== undefined) return unknownKeys(child, inner, here, origins);
    if (!isMapping(node)) return [];
    const known = knownKeys(node);
    const near = nearest(key, known);
    const hint =
      near === undefined ? `; known here: ${known.join(', ')}` : `, did you mean "${near}"?`;
    return [
      { path: pathText(here), message: `unknown key${hint}`, origin: originOf(here, origins) },
    ];
  });
}

/** `, got "…"` for a scalar that was refused, unless it is a secret. */
function received(written: unknown, path: Path, tree: SchemaNode): string {
  let value: unknown = written;
  let nodes: readonly SchemaNode[] = [tree];
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return '';
    // Checked above: it is an object or a list, and a missing key gives undefined.
    value = (value as Record<string | number, unknown>)[part];
    nodes = nodes.flatMap((node) => below(node, part) ?? []);
    if (isSecret(String(part), nodes[0])) return '';
  }
  if (value === undefined || (typeof value === 'object' && value !== null)) return '';
  return `, got ${JSON.stringify(value)}`;
}

function invalid(problems: readonly Problem[]): ParallaxError {
  const lines = problems.map(({ path, message, origin }) => {
    const where = origin === undefined ? '' : ` (${origin})`;
    return path === '' ? `  ${message}${where}` : `  ${path}: ${message}${where}`;
  });
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new ParallaxError('config/invalid', `configuration has ${count}:\n${lines.join('\n')}`);
}
