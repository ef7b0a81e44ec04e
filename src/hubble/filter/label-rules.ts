// Kubernetes' rules for label keys and values, with its error texts.
const KEY_CHARS = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const CONSIST =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const NAME_RULE = rule(CONSIST, KEY_CHARS, ['MyName', 'my.name', '123-abc']);
const VALUE_RULE = rule(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  `(${KEY_CHARS})?`,
  ['MyValue', 'my_value', '12345'],
);
const SUBDOMAIN_RULE = rule(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN,
  ['example.com'],
);

function rule(what: string, pattern: string, examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

const tooLong = (most: number) => `must be no more than ${most} bytes`;
const bytes = (text: string) => Buffer.byteLength(text);
// Written so that no text makes them backtrack: each character can be taken in one way only.
const isName = (text: string) => /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);
const isSubdomain = (text: string) =>
  text.split('.').every((part) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part));

/** Error text for a key; empty when it is valid. */
export function checkedKey(key: string): string {
  const parts = key.split('/');
  if (parts.length > 2)
    return `a valid label key ${NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    if (bytes(prefix) > 253) problems.push(`prefix part ${tooLong(253)}`);
    if (!isSubdomain(prefix)) problems.push(`prefix part ${SUBDOMAIN_RULE}`);
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (bytes(name) > 63) problems.push(`name part ${tooLong(63)}`);
  if (!isName(name)) problems.push(`name part ${NAME_RULE}`);
  return problems.join('; ');
}

/** Error text for a value; empty when it is valid. */
export function checkedValue(value: string): string {
  const problems: string[] = [];
  if (bytes(value) > 63) problems.push(tooLong(63));
  if (value !== '' && !isName(value)) problems.push(VALUE_RULE);
  return problems.join('; ');
}
