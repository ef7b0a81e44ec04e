// Label selectors: Kubernetes syntax over Cilium's labels (`source:key=value`). The same parsed selector is matched
// here and compiled to SQL elsewhere.
import { ParallaxError } from '../../runtime/errors.ts';
import { contains, parseAddress, parsePrefix } from './address.ts';

export type Operator = 'exists' | 'absent' | 'in' | 'notIn' | 'gt' | 'lt';

export interface Requirement {
  /** `any` matches every source. */
  readonly source: string;
  readonly key: string;
  readonly operator: Operator;
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

const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y;
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Reads a selector; an empty one matches everything. Throws `input/invalid` in the words Hubble uses. */
export function parseSelector(text: string): Selector {
  const tokens = tokenize(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const next = () => tokens[at++] ?? '';
  const peek = () => tokens[at] ?? '';
  if (tokens.length === 0) return requirements;
  for (;;) {
    requirements.push(requirement());
    const token = next();
    if (token === '') return requirements;
    if (token !== ',') throw expected(token, "',' or 'end of string'");
    if (peek() === '') throw expected('', 'identifier after ,');
  }

  function requirement(): Requirement {
    const negated = peek() === '!';
    if (negated) next();
    const key = isSymbol(peek()) ? '' : next();
    const parts = splitKey(key);
    checkKey(parts.source, parts.key);
    if (negated) return { ...parts, operator: 'absent', values: [] };
    const token = peek();
    if (token === '' || token === ',') return { ...parts, operator: 'exists', values: [] };
    next();
    switch (token) {
      case '=':
      case '==':
      case '!=': {
        const value = isSymbol(peek()) ? '' : next();
        if (value === '' && peek() !== '' && peek() !== ',') throw expected(peek(), 'identifier');
        checkValue(value, 0);
        return { ...parts, operator: token === '!=' ? 'notIn' : 'in', values: [value] };
      }
      case 'in':
      case 'notin': {
        const values = valueList();
        values.forEach(checkValue);
        return { ...parts, operator: token === 'in' ? 'in' : 'notIn', values };
      }
      case '<':
      case '>': {
        const value = isSymbol(peek()) ? '' : next();
        if (!/^[-+]?\d+$/.test(value))
          throw unparsable(
            `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        return { ...parts, operator: token === '>' ? 'gt' : 'lt', values: [value] };
      }
      default:
        throw expected(token, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  function valueList(): string[] {
    if (next() !== '(') throw expected(tokens[at - 1] ?? '', "'('");
    const values: string[] = [];
    let pending = '';
    for (;;) {
      const token = next();
      if (token === '') throw expected('', "',' or ')'");
      if (token === ')' || token === ',') {
        values.push(pending);
        pending = '';
        if (token === ')') return [...new Set(values)];
      } else if (isSymbol(token) || pending !== '') {
        throw expected(token, "',' or ')'");
      } else {
        pending = token;
      }
    }
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(trimmed); match !== null; match = TOKEN.exec(trimmed))
    tokens.push(match[1] ?? '');
  return tokens;
}

function isSymbol(token: string): boolean {
  return token === '' || /^[=!(),<>]/.test(token);
}

/** `k8s:app` is key `app` of source `k8s`; without a colon any source is meant. */
function splitKey(key: string): { source: string; key: string } {
  const colon = key.indexOf(':');
  if (colon < 0) return { source: 'any', key };
  return { source: key.slice(0, colon), key: key.slice(colon + 1) };
}

// Hubble hands Kubernetes' validation the key as `source.key`, and its messages say so.
function checkKey(source: string, key: string): void {
  const full = `${source}.${key}`;
  const slash = full.indexOf('/');
  const prefix = slash < 0 ? undefined : full.slice(0, slash);
  const name = slash < 0 ? full : full.slice(slash + 1);
  const refuse = (why: string) =>
    unparsable(`<nil>: Invalid value: ${JSON.stringify(full)}: ${why}`);
  if (name.includes('/'))
    throw refuse(
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    );
  if (prefix !== undefined && prefix.length > 253)
    throw refuse('prefix part must be no more than 253 bytes');
  if (prefix !== undefined && !SUBDOMAIN.test(prefix))
    throw refuse('prefix part must be a lowercase RFC 1123 subdomain');
  if (name.length > 63) throw refuse('name part must be no more than 63 bytes');
  if (!NAME.test(name)) throw refuse(NAME_RULE);
}

function checkValue(value: string, index: number): void {
  if (value.length <= 63 && VALUE.test(value)) return;
  throw unparsable(
    `values[${index}]: Invalid value: ${JSON.stringify(value)}: ${value.length > 63 ? 'must be no more than 63 bytes' : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"}`,
  );
}

function unparsable(why: string): ParallaxError {
  return new ParallaxError('input/invalid', `unable to parse requirement: ${why}`);
}

function expected(found: string, what: string): ParallaxError {
  return new ParallaxError('input/invalid', `found '${found}', expected: ${what}`);
}

/** Parses an endpoint's labels once, for any number of selectors. */
export function labelSet(labels: readonly string[]): LabelSet {
  const set = labels.map(parseLabel);
  // Cilium keeps label arrays sorted by key: with equal keys the first decides.
  return set.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function parseLabel(label: string): Label {
  const equals = label.indexOf('=');
  const name = equals < 0 ? label : label.slice(0, equals);
  const value = equals < 0 ? '' : label.slice(equals + 1);
  const colon = name.indexOf(':');
  if (colon < 0) return { source: 'unspec', key: name, value };
  return { source: name.slice(0, colon), key: name.slice(colon + 1), value };
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
      if (found === undefined || !/^[-+]?\d+$/.test(found.value)) return false;
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
  if (label.key === requirement.key) return true;
  if (label.source !== 'cidr') return false;
  // A selector of a network also means every narrower network in it; labels write IPv6 with dashes.
  const wide = parsePrefix(requirement.key.replaceAll('-', ':'));
  const narrow = parsePrefix(label.key.replaceAll('-', ':'));
  if (wide === undefined || narrow === undefined || narrow.length < wide.length) return false;
  const first = parseAddress(label.key.replaceAll('-', ':').split('/')[0] ?? '');
  return first !== undefined && contains(wide, first);
}
