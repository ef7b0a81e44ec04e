// Builds the FlowFilters of a request from filter flags in the order given. A flag without direction makes two filters,
// left (source) and right (destination), either of which may match.
import { inputError } from '../../runtime/errors.ts';
import type { FlowFilter } from '../proto/schema.gen.ts';
import { filterOf, type ListField } from './catalogue.ts';
import { frozen } from './checked.ts';
import { conflictOf } from './conflicts.ts';
import { applyNamespaces, type Namespaces, namespaceProblem } from './namespaces.ts';

type Fields = { -readonly [K in keyof FlowFilter]?: FlowFilter[K] };

export interface FilterLists {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
}

class FilterPair {
  readonly left: Fields = {};
  readonly right: Fields = {};
  private readonly namespaces: Namespaces = { source: [], destination: [], either: [] };
  private readonly used = new Set<string>();

  set(flag: string, value: string): void {
    this.used.add(flag);
    const conflict = conflictOf(flag, this.used);
    if (conflict !== undefined)
      throw inputError(`filters --${conflict[0]} and --${conflict[1]} cannot be combined`);
    this.apply(flag, value);
    const problem = namespaceProblem(this.left, this.right, this.namespaces);
    if (problem !== undefined) throw inputError(problem);
  }

  private apply(flag: string, value: string): void {
    const { filter, end } = filterOf(flag) ?? {};
    if (filter === undefined) throw inputError(`--${flag} is no filter`);
    switch (filter.name) {
      case 'namespace':
      case 'all-namespaces':
        this.namespaces[end ?? 'either'].push(filter.bare ? '' : value);
        return;
      case 'cel-expression': {
        const cel_expression = [...(this.left.experimental?.cel_expression ?? []), value];
        this.left.experimental = { cel_expression };
        this.right.experimental = { cel_expression };
        return;
      }
    }
    const { fields } = filter;
    if (fields === undefined) throw new TypeError(`--${flag} has no field`);
    const parsed = filter.parse(value);
    push(this.left, end === 'destination' ? fields.destination : fields.source, parsed);
    push(this.right, end === 'source' ? fields.source : fields.destination, parsed);
  }

  filters(): FlowFilter[] {
    if (this.used.size === 0) return [];
    const left = applyNamespaces(this.left, this.namespaces, 'source');
    const right = applyNamespaces(this.right, this.namespaces, 'destination');
    return same(left, right) ? [left] : [left, right];
  }
}

function push(filter: Fields, field: ListField, value: unknown): void {
  // The catalogue pairs each field with the parser of its element.
  const list = (filter[field] ?? []) as unknown[];
  (filter as Record<string, unknown>)[field] = [...list, value]; // as above
}

function same(a: FlowFilter, b: FlowFilter): boolean {
  const text = (filter: FlowFilter) =>
    JSON.stringify(filter, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  return text(a) === text(b);
}

/** Takes flags one by one; every refusal is thrown as `input/invalid` at the flag that caused it. */
export class FilterBuilder {
  private readonly allow = new FilterPair();
  private readonly deny = new FilterPair();
  private negated = false;

  set(flag: string, value: string): void {
    if (flag === 'not') {
      if (this.negated) throw inputError('consecutive --not statements');
      this.negated = true;
      return;
    }
    (this.negated ? this.deny : this.allow).set(flag, value);
    this.negated = false;
  }

  /** The filters so far. Throws when a `--not` waits for its flag. */
  build(): FilterLists {
    if (this.negated) throw inputError('trailing --not found in the arguments');
    return { whitelist: frozen(this.allow.filters()), blacklist: frozen(this.deny.filters()) };
  }
}
