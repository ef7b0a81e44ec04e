// Label selectors over the newline-joined label columns.
import { labelSelector } from '../../hubble/filter/endpoint.ts';
import type { Requirement } from '../../hubble/filter/labels.ts';
import { keyword, param, type Sql, sql } from '../../store/sql.ts';
import { ANYTHING, atMost, type Bounds, both, either, exactly, not } from './bounds.ts';
import { quoteRegex } from './regex.ts';
import { string } from './values.ts';

/** Any of the selectors over the labels in `column`. */
export function labelCondition(selectors: readonly string[], what: string, column: Sql): Bounds {
  return either(
    selectors.map((text) =>
      both(labelSelector(text, what).map((each) => requirement(each, column))),
    ),
  );
}

function requirement(wanted: Requirement, column: Sql): Bounds {
  const { operator, values } = wanted;
  // A network's key also matches narrower networks: only the predicate knows which.
  if (wanted.source === 'cidr') {
    const some = atMost(sql`match(${column}, ${string('(?:^|\\n)cidr:')})`);
    return operator === 'absent' || operator === 'notIn' ? ANYTHING : some;
  }
  const line = labelLine(wanted, ANY);
  const exists = () => sql`match(${column}, ${string(inLines(line))})`;
  const hasValue = () => {
    const written = values.map((each) =>
      quoteRegex(each === '' ? wanted.key : `${wanted.key}=${each}`),
    );
    // Plain text first: it rules out a day of labels in a fifth of the time.
    const mentioned = sql`match(${column}, ${string(written.join('|'))})`;
    // Of labels with one key the first counts.
    const first = sql`extract(${column}, ${string(inLines(`(${line})`))})`;
    const whole = `^(?:${labelLine(wanted, oneOf(values))})$`;
    return sql`${mentioned} AND match(${first}, ${string(whole)})`;
  };
  switch (operator) {
    case 'exists':
      return exactly(exists());
    case 'absent':
      return not(exactly(exists()));
    case 'in':
      return exactly(hasValue());
    case 'notIn':
      return not(exactly(hasValue()));
    case 'gt':
    case 'lt': {
      const limit = param(BigInt((values[0] ?? '0').replace('+', '')), 'Int64');
      const sign = keyword(operator === 'gt' ? '>' : '<');
      const around = `^(?s:.*?)${inLines(labelLine(wanted, CAPTURED))}(?s:.*)$`;
      // Of several groups one is set at most.
      const groups = string(hasForms(wanted.source) ? '\\1\\2' : '\\1');
      const value = sql`replaceRegexpOne(${column}, ${string(around)}, ${groups})`;
      const digits = sql`if(match(${value}, '^[-+]?0*[0-9]{1,19}$'), replaceOne(${value}, '+', ''), '')`;
      const number = sql`toInt128OrNull(${digits})`;
      const fits = sql`${number} BETWEEN -9223372036854775808 AND 9223372036854775807`;
      return exactly(sql`${exists()} AND ifNull(${fits} AND ${number} ${sign} ${limit}, 0)`);
    }
    default:
      return operator satisfies never;
  }
}

/** What may stand behind a label's key. */
interface Tail {
  /** Also nothing. */
  readonly empty: boolean;
  /** As a pattern, `plain` without a colon; undefined where there is no such value. */
  readonly pattern: (plain: boolean) => string | undefined;
}

const anyOf = (plain: boolean) => (plain ? '[^:\\n]*' : '[^\\n]*');
const ANY: Tail = { empty: true, pattern: (plain) => `(?:=${anyOf(plain)})?` };
const CAPTURED: Tail = { empty: true, pattern: (plain) => `(?:=(${anyOf(plain)}))?` };

function oneOf(values: readonly string[]): Tail {
  const empty = values.includes('');
  const pattern = (plain: boolean) => {
    const written = values.filter((each) => each !== '' && !(plain && each.includes(':')));
    const forms = [
      ...(written.length > 0 ? [`=(?:${written.map(quoteRegex).join('|')})`] : []),
      ...(empty ? ['=?'] : []),
    ];
    return forms.length > 0 ? `(?:${forms.join('|')})` : undefined;
  };
  return { empty, pattern };
}

/** A whole line of them. */
const inLines = (line: string) => `(?:^|\\n)(?:${line})(?:\\n|$)`;

/** Whether labels of the source are written in other ways than `source:key`. */
function hasForms(source: string): boolean {
  return source === 'any' || source === 'reserved';
}

/**
 * A label with the key. Labels are written `source:key` or `source:key=value`. Without a source, which then is `unspec`, no
 * part of one may be a colon. `$host`, `reserved.host` and `reserved:=host` are other ways to write `reserved:host`.
 */
function labelLine({ source, key }: Requirement, tail: Tail): string {
  const name = quoteRegex(key);
  const form = (before: string, plain: boolean) => {
    const value = tail.pattern(plain);
    return value === undefined ? [] : [`${before}${name}${value}`];
  };
  if (!hasForms(source)) return form(`${quoteRegex(source)}:`, false).join('');
  const dotted = source === 'reserved' || key.startsWith('reserved.') ? '' : '?';
  return [
    ...form(`(?:${source === 'any' ? '(?:[^$:\\n][^:\\n]*)?' : source}:|\\$)`, false),
    ...form(`(?:reserved\\.)${dotted}`, true),
    ...(tail.empty ? [`(?:reserved:|\\$|reserved\\.)=${name}`] : []),
  ].join('|');
}
