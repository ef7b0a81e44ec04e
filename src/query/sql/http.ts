// The HTTP fields of a FlowFilter.
import { some } from '../../hubble/filter/condition.ts';
import { httpRegex, requireL7, statusCode } from '../../hubble/filter/http.ts';
import type { FlowFilter } from '../../hubble/schema.gen.ts';
import { atMost, type Bounds, both, either, exactly } from './bounds.ts';
import { column } from './columns.ts';
import type { Params } from './params.ts';
import { hubbleRegex } from './regex.ts';

const IS_HTTP = exactly(`${column('l7_protocol')} = 2`);

export function* httpConditions(filter: FlowFilter, params: Params): Generator<Bounds> {
  const { http_status_code, http_method, http_path, http_url, http_header } = filter;
  if (some(http_status_code)) {
    requireL7(filter, 'status code');
    yield onHttp(http_status_code.map((text) => exactly(codeCondition(text, params))));
  }
  if (some(http_method)) {
    requireL7(filter, 'method');
    const methods = params.texts(http_method.map((method) => method.toLowerCase()));
    const method = column('http_method');
    yield onHttp([exactly(`${method} != '' AND has(${methods}, lowerUTF8(${method}))`)]);
  }
  if (some(http_path)) {
    requireL7(filter, 'path');
    yield onHttp(http_path.map((pattern) => pathCondition(pattern, params)));
  }
  if (some(http_url)) {
    requireL7(filter, 'url');
    yield onHttp(
      http_url.map((pattern) => {
        httpRegex(pattern, 'url');
        return exactly(`match(${column('http_url')}, ${params.text(hubbleRegex(pattern))})`);
      }),
    );
  }
  if (some(http_header)) {
    requireL7(filter, 'headers');
    yield onHttp(
      http_header.map(({ key = '', value = '' }) => {
        const same = `JSONExtractString(header, 'key') = ${params.text(key)} AND JSONExtractString(header, 'value') = ${params.text(value)}`;
        const headers = `JSONExtractArrayRaw(toString(${column('http_headers')}))`;
        return exactly(`arrayExists(header -> ${same}, ${headers})`);
      }),
    );
  }
}

// Go's reading of a URL decides; the engine's comes close enough to leave out most of what cannot match. What it cannot
// take apart stays in.
function pathCondition(pattern: string, params: Params): Bounds {
  httpRegex(pattern, 'path');
  const url = column('http_url');
  const path = `replaceRegexpOne(extract(${url}, '^[^?]*'), '^[A-Za-z][-A-Za-z0-9+.]*:(//[^/]*)?', '')`;
  const matches = `match(decodeURLComponent(${path}), ${params.text(hubbleRegex(pattern))})`;
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
