// The HTTP fields of a FlowFilter.
import { some } from '../../hubble/filter/condition.ts';
import { statusCode } from '../../hubble/filter/http.ts';
import type { FlowFilter } from '../../hubble/schema.gen.ts';
import { atMost, type Bounds, both, either, exactly } from './bounds.ts';
import { column } from './columns.ts';
import type { Params } from './params.ts';
import { patternCondition } from './regex.ts';

const IS_HTTP = exactly(`${column('l7_protocol')} = 2`);

export function* httpConditions(filter: FlowFilter, params: Params): Generator<Bounds> {
  const { http_status_code, http_method, http_path, http_url, http_header } = filter;
  if (some(http_status_code)) {
    yield onHttp(http_status_code.map((text) => exactly(codeCondition(text, params))));
  }
  if (some(http_method)) {
    yield onHttp(methodConditions(http_method, params));
  }
  if (some(http_path)) {
    yield onHttp(http_path.map((pattern) => pathCondition(pattern, params)));
  }
  if (some(http_url)) {
    const url = column('http_url');
    const written = exactly(`${url} != ''`);
    yield onHttp(
      http_url.map((pattern) => both([written, patternCondition(pattern, url, params)])),
    );
  }
  if (some(http_header)) {
    yield onHttp(
      http_header.map(({ key = '', value = '' }) => {
        const same = `JSONExtractString(header, 'key') = ${params.text(key)} AND JSONExtractString(header, 'value') = ${params.text(value)}`;
        const headers = `JSONExtractArrayRaw(toString(${column('http_headers')}))`;
        return exactly(`arrayExists(header -> ${same}, ${headers})`);
      }),
    );
  }
}

// Go folds case as Unicode has it: two signs that are not ASCII are the same as letters. Methods that are not ASCII
// themselves nobody asks for: the predicate may judge.
function methodConditions(wanted: readonly string[], params: Params): readonly Bounds[] {
  const method = column('http_method');
  const isPlain = (text: string) => /^\p{ASCII}*$/u.test(text);
  const plain = params.texts(wanted.filter(isPlain).map((text) => text.toLowerCase()));
  const folded = `lowerUTF8(translateUTF8(${method}, '\u017f\u212a', 'sk'))`;
  const same = exactly(`${method} != '' AND has(${plain}, ${folded})`);
  return wanted.every(isPlain) ? [same] : [same, atMost(`${method} != ''`)];
}

// Go's reading of a URL decides; the engine's comes close enough to leave out most of what cannot match. What it cannot
// take apart stays in.
function pathCondition(pattern: string, params: Params): Bounds {
  const url = column('http_url');
  const path = `replaceRegexpOne(extract(${url}, '^[^?]*'), '^[A-Za-z][-A-Za-z0-9+.]*:(//[^/]*)?', '')`;
  const matches = patternCondition(pattern, `decodeURLComponent(${path})`, params).upper;
  return atMost(`${url} != '' AND (${matches} OR NOT startsWith(${path}, '/'))`);
}

function onHttp(conditions: readonly Bounds[]): Bounds {
  return both([IS_HTTP, either(conditions)]);
}

// The code is compared as text of three digits, longer ones by their beginning.
function codeCondition(text: string, params: Params): string {
  const { digits, prefix } = statusCode(text);
  const code = column('http_code');
  if (!prefix) return `${code} = ${params.add(Number(digits), 'UInt32')}`;
  return `${code} >= 100 AND startsWith(toString(${code}), ${params.text(digits)})`;
}
