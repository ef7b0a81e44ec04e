// HTTP fields of a FlowFilter. Hubble refuses them with an event type filter that excludes L7 events.
import { inputError } from '../../runtime/errors.ts';
import { quoted } from '../print/text.ts';
import type { Flow, FlowFilter, HTTP } from '../proto/schema.gen.ts';
import { some, type Test } from './condition.ts';
import { compileRegex, RegexError, type SafeRegex, shownPattern } from './re2.ts';
import { pathOf } from './url.ts';

const L7_EVENT = 129;

export function* httpTests(filter: FlowFilter): Generator<Test> {
  const { http_status_code, http_method, http_path, http_url, http_header } = filter;
  if (some(http_status_code)) {
    requireL7(filter, 'status code');
    const codes = http_status_code.map(statusCode);
    yield onHttp(({ code = 0 }) => code !== 0 && codes.some((wanted) => codeMatches(wanted, code)));
  }
  if (some(http_method)) {
    requireL7(filter, 'method');
    const methods = http_method.map(foldedText);
    // A message without a method (a response) matches none, not even the empty one.
    yield onHttp(({ method = '' }) => method !== '' && methods.some((each) => each.test(method)));
  }
  if (some(http_path)) {
    requireL7(filter, 'path');
    const patterns = http_path.map((pattern) => httpRegex(pattern, 'path'));
    yield onHttp(({ url = '' }) => {
      const path = pathOf(url);
      return path !== undefined && patterns.some((pattern) => pattern.test(path));
    });
  }
  if (some(http_url)) {
    requireL7(filter, 'url');
    const patterns = http_url.map((pattern) => httpRegex(pattern, 'url'));
    yield onHttp(({ url = '' }) => url !== '' && patterns.some((pattern) => pattern.test(url)));
  }
  if (some(http_header)) {
    requireL7(filter, 'headers');
    yield onHttp(({ headers = [] }) =>
      headers.some((seen) =>
        http_header.some(
          (wanted) =>
            (wanted.key ?? '') === (seen.key ?? '') && (wanted.value ?? '') === (seen.value ?? ''),
        ),
      ),
    );
  }
}

/** The text in any case. Unicode mode folds as Go's EqualFold does, and plain characters cannot backtrack. */
function foldedText(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`, 'iu');
}

function onHttp(test: (http: HTTP) => boolean): Test {
  return (flow: Flow | undefined) => {
    const http = flow?.l7?.http;
    return http !== undefined && test(http);
  };
}

/** Refuses HTTP filters beside event types without L7, as Hubble does. */
export function requireL7(filter: FlowFilter, what: string): void {
  const types = filter.event_type ?? [];
  if (types.length === 0 || types.some(({ type }) => type === L7_EVENT)) return;
  throw inputError(
    `filtering by http ${what} requires the event type filter to only match 'l7' events`,
  );
}

/** A status filter: the whole code, or its first digits. */
export interface StatusCode {
  readonly digits: string;
  readonly prefix: boolean;
}

export function statusCode(text: string): StatusCode {
  if (/^[1-5][0-9]{2}$/.test(text)) return { digits: text, prefix: false };
  if (/^[1-5][0-9]?\+$/.test(text)) return { digits: text.slice(0, -1), prefix: true };
  throw inputError(`invalid http status code filter: invalid status code prefix: ${quoted(text)}`);
}

function codeMatches({ digits, prefix }: StatusCode, code: number): boolean {
  const text = String(code).padStart(3, '0');
  return prefix ? text.startsWith(digits) : text === digits;
}

/** Compiles a path or URL pattern, refusing as Hubble does. */
export function httpRegex(pattern: string, what: 'path' | 'url'): SafeRegex {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw inputError(`invalid http ${what} filter: ${shownPattern(pattern)}: ${error.message}`, {
      cause: error,
    });
  }
}
