import { some } from '../../hubble/filter/condition.ts';
import { statusCode } from '../../hubble/filter/http.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { param, type Sql, sql } from '../../store/sql.ts';
import { atMost, type Bounds, both, either, exactly } from './bounds.ts';
import { column } from './columns.ts';
import { patternCondition } from './regex.ts';
import { string, strings } from './values.ts';

const IS_HTTP = exactly(sql`${column('l7_protocol')} = 2`);

export function* httpConditions(filter: FlowFilter): Generator<Bounds> {
  const { http_status_code, http_method, http_path, http_url, http_header } = filter;
  if (some(http_status_code)) {
    yield onHttp(http_status_code.map((text) => exactly(codeCondition(text))));
  }
  if (some(http_method)) {
    yield onHttp([methodCondition(http_method)]);
  }
  if (some(http_path)) {
    yield onHttp(http_path.map((pattern) => pathCondition(pattern)));
  }
  if (some(http_url)) {
    const url = column('http_url');
    const written = exactly(sql`${url} != ''`);
    yield onHttp(http_url.map((pattern) => both([written, patternCondition(pattern, url)])));
  }
  if (some(http_header)) {
    yield onHttp(
      http_header.map(({ key = '', value = '' }) => {
        const same = sql`JSONExtractString(header, 'key') = ${string(key)} AND JSONExtractString(header, 'value') = ${string(value)}`;
        const headers = sql`JSONExtractArrayRaw(toString(${column('http_headers')}))`;
        return exactly(sql`arrayExists(header -> ${same}, ${headers})`);
      }),
    );
  }
}

/** Characters that are the same as another by Unicode's folding of case, and whose lower case does not say so. */
const ODD_CASES = '\u017f\u212a\u03c2\u00b5\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5\u1e9b\u0130';
const SAME_CASES = 'sk\u03c3\u03bc\u03b2\u03b8\u03c6\u03c0\u03ba\u03c1\u03b5\u1e61\ue130';

function methodCondition(wanted: readonly string[]): Bounds {
  const method = column('http_method');
  const folded = sql`lowerUTF8(translateUTF8(${method}, ${string(ODD_CASES)}, ${string(SAME_CASES)}))`;
  return exactly(sql`${method} != '' AND has(${strings(wanted.map(foldedCase))}, ${folded})`);
}

/** The same of a method that is asked for: a character at a time, as the engine does it. */
function foldedCase(text: string): string {
  return [...text]
    .map((char) => (SAME_CASES[ODD_CASES.indexOf(char)] ?? char).toLowerCase())
    .join('');
}

// Go's reading of a URL decides; the engine's comes close enough to leave out most of what cannot match. What it cannot
// take apart stays in.
function pathCondition(pattern: string): Bounds {
  const url = column('http_url');
  const path = sql`replaceRegexpOne(extract(${url}, '^[^?]*'), '^[A-Za-z][-A-Za-z0-9+.]*:(//[^/]*)?', '')`;
  const matches = patternCondition(pattern, sql`decodeURLComponent(${path})`).upper;
  return atMost(sql`${url} != '' AND (${matches} OR NOT startsWith(${path}, '/'))`);
}

function onHttp(conditions: readonly Bounds[]): Bounds {
  return both([IS_HTTP, either(conditions)]);
}

// The code is compared as text of three digits, longer ones by their beginning.
function codeCondition(text: string): Sql {
  const { digits, prefix } = statusCode(text);
  const code = column('http_code');
  if (!prefix) return sql`${code} = ${param(Number(digits), 'UInt32')}`;
  return sql`${code} >= 100 AND startsWith(toString(${code}), ${string(digits)})`;
}
