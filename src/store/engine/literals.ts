// Puts values in place of the `{name:Type}` of a statement, for the embedded engine. Its own binding is not used: bound
// queries of two sessions overwrite each other's values and can abort the engine (chdb 3.4).
import { ParallaxError } from '../../runtime/errors.ts';
import type { QueryParams } from '../store.ts';

type Value = QueryParams[string];

// Text, quoted names and comments are passed over; what is left in braces is a placeholder.
const TOKEN =
  /'(?:[^'\\]|\\[\s\S]|'')*'|`(?:[^`\\]|\\[\s\S])*`|"(?:[^"\\]|\\[\s\S])*"|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*(\w+)\s*:\s*([^{}]+?)\s*\}/g;

/** The statement with every placeholder replaced. Throws `store/rejected` for a placeholder without a value. */
export function bindLiterals(sql: string, params: QueryParams): string {
  return sql.replace(TOKEN, (token, name: string | undefined, type: string | undefined) => {
    if (name === undefined || type === undefined) return token;
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined) {
      throw new ParallaxError('store/rejected', `no value for {${name}:${type}} of the statement`);
    }
    return literal(value, type);
  });
}

function literal(value: Value, type: string): string {
  if (type === 'Identifier') return `\`${escaped(text(value)).replaceAll('`', '\\`')}\``;
  if (type === 'String' && typeof value === 'string') return quote(value);
  // As the server does: the value's text, read as the type.
  return `CAST(${quote(text(value))}, ${quote(type)})`;
}

function text(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return value ? '1' : '0';
    case 'number':
      if (!Number.isFinite(value)) {
        throw new ParallaxError('store/rejected', `${value} is no value for a statement`);
      }
      return String(value);
    case 'bigint':
      return value.toString();
    default:
      return `[${value.map((one) => (typeof one === 'string' ? quote(one) : text(one))).join(',')}]`;
  }
}

/** A string literal of ClickHouse's SQL. */
export function quote(value: string): string {
  return `'${escaped(value)}'`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0');
}
