// Label selectors: Kubernetes syntax over Cilium's labels (`source:key=value`). src/query/sql compiles the same parsed
// selector to SQL.
import { contains, parseAddress, parsePrefix } from './address.ts';
import { isInt64, readSelector, type WrittenOperator } from './selector.ts';

export interface Requirement {
  /** `any` matches every source. */
  readonly source: string;
  readonly key: string;
  readonly operator: WrittenOperator;
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

interface Label {
  readonly source: string;
  readonly key: string;
  readonly value: string;
}

/** Labels of one endpoint, parsed and in the order matching looks at them. */
export type LabelSet = readonly Label[];

/** Reads a selector; an empty one matches everything. Throws `input/invalid` in the words Hubble uses. */
export function parseSelector(text: string): Selector {
  return readSelector(text).map(({ key: written, operator, values }) => {
    const dot = written.indexOf('.');
    const source = written.slice(0, Math.max(dot, 0));
    const key = written.slice(dot + 1);
    return { source: source === '' || source === 'unspec' ? 'any' : source, key, operator, values };
  });
}

/** Parses an endpoint's labels once, for any number of selectors. */
export function labelSet(labels: readonly string[]): LabelSet {
  const set = labels.map(parseLabel);
  // Cilium keeps label arrays sorted by key: with equal keys the first decides.
  return set.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const RESERVED = 'reserved';

function parseLabel(label: string): Label {
  const [source, rest] = splitSource(label);
  const equals = rest.indexOf('=');
  if (equals < 0) return { source, key: rest, value: '' };
  if (equals === 0 && source === RESERVED) return { source, key: rest.slice(1), value: '' };
  return { source, key: rest.slice(0, equals), value: rest.slice(equals + 1) };
}

/** `$host` and `reserved.host` are old ways to write `reserved:host`. */
function splitSource(label: string): readonly [source: string, rest: string] {
  if (label.startsWith('$')) return [RESERVED, label.slice(1)];
  const colon = label.indexOf(':');
  if (colon >= 0) return [label.slice(0, colon) || 'unspec', label.slice(colon + 1)];
  return label.startsWith(`${RESERVED}.`)
    ? [RESERVED, label.slice(RESERVED.length + 1)]
    : ['unspec', label];
}

export function matchesSelector(selector: Selector, labels: LabelSet): boolean {
  return selector.every((requirement) => matchesRequirement(requirement, labels));
}

function matchesRequirement(requirement: Requirement, labels: LabelSet): boolean {
  const found = labels.find((label) => hasKey(requirement, label));
  switch (requirement.operator) {
    case 'exists':
      return found !== undefined;
    case 'absent':
      return found === undefined;
    case 'in':
      return found !== undefined && requirement.values.includes(found.value);
    case 'notIn':
      return found === undefined || !requirement.values.includes(found.value);
    case 'gt':
    case 'lt': {
      if (found === undefined || !isInt64(found.value)) return false;
      const value = BigInt(found.value.replace('+', ''));
      const limit = BigInt((requirement.values[0] ?? '0').replace('+', ''));
      return requirement.operator === 'gt' ? value > limit : value < limit;
    }
    default:
      return requirement.operator satisfies never;
  }
}

function hasKey(requirement: Requirement, label: Label): boolean {
  if (requirement.source === 'any') return label.key === requirement.key;
  if (requirement.source !== label.source) return false;
  if (label.source !== 'cidr') return label.key === requirement.key;
  // A selector of a network also means every narrower network in it; labels write IPv6 with dashes.
  const wide = parsePrefix(requirement.key.replaceAll('-', ':'));
  const written = label.key.replaceAll('-', ':');
  const narrow = parsePrefix(written);
  if (wide === undefined || narrow === undefined || narrow.length < wide.length) return false;
  const first = parseAddress(written.split('/')[0] ?? '');
  return first !== undefined && contains(wide, first);
}
