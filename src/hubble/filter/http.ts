// The HTTP fields of a FlowFilter. Hubble refuses them beside an event type filter that leaves out L7 events.
import { ParallaxError } from '../../runtime/errors.ts';
import type { Flow, FlowFilter, HTTP } from '../schema.gen.ts';
import { some, type Test } from './condition.ts';
import { compileRegex, RegexError, type SafeRegex, shownPattern } from './re2.ts';

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
    const methods = http_method.map((method) => method.toLowerCase());
    // A message without a method (a response) matches none, not even the empty one.
    yield onHttp(({ method = '' }) => method !== '' && methods.includes(method.toLowerCase()));
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
    yield onHttp(({ url = '' }) => patterns.some((pattern) => pattern.test(url)));
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
  throw new ParallaxError(
    'input/invalid',
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
  throw new ParallaxError(
    'input/invalid',
    `invalid http status code filter: invalid status code prefix: ${JSON.stringify(text)}`,
  );
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
    throw new ParallaxError(
      'input/invalid',
      `invalid http ${what} filter: ${shownPattern(pattern)}: ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * The decoded path of a request URL as Go's url.ParseRequestURI gives it: absolute URLs and absolute paths only,
 * undefined for what it refuses.
 */
export function pathOf(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Go refuses
  if (url === '' || /[\x00-\x1f\x7f]/.test(url)) return undefined;
  const query = url.indexOf('?');
  let rest = query < 0 ? url : url.slice(0, query);
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest);
  if (scheme !== null) rest = rest.slice(scheme[0].length);
  else if (/^:/.test(rest)) return undefined;
  if (!rest.startsWith('/')) return scheme === null ? (rest === '*' ? '*' : undefined) : '';
  if (scheme !== null && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    const authority = rest.slice(2, slash < 0 ? undefined : slash);
    if (!validAuthority(authority)) return undefined;
    rest = slash < 0 ? '' : rest.slice(slash);
  }
  return unescapePath(rest);
}

function validAuthority(authority: string): boolean {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (/[ "<>\\^`{|}]/.test(host)) return false;
  const port = host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : /:.*$/.exec(host)?.[0];
  return port === undefined || port === '' || /^:\d*$/.test(port);
}

function unescapePath(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  if (!path.includes('%')) return path;
  const bytes: number[] = [];
  const encoded = Buffer.from(path, 'utf8');
  for (let i = 0; i < encoded.length; i++) {
    const byte = encoded[i] ?? 0;
    if (byte === 37) {
      bytes.push(Number.parseInt(encoded.toString('latin1', i + 1, i + 3), 16));
      i += 2;
    } else {
      bytes.push(byte);
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
