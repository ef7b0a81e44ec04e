// Asks a Parallax server over its HTTP API.
import http from 'node:http';
import https from 'node:https';
import { responseFromJson, toJson } from '../../hubble/json/json.ts';
import { FlowFilter, type GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type { ScanProgress } from '../../query/read/scan.ts';
import { ERRORS, type ErrorCode, inputError, ParallaxError } from '../../runtime/errors.ts';
import { lines } from './lines.ts';
import { ALL, type ObserveOptions } from './options.ts';
import { type Access, credentials } from './tls.ts';

/** A problem is a few lines; more is somebody else's page. */
const MAX_PROBLEM_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 16 * 1024 ** 2;

/** What an answer says beside its flows. */
export interface Listeners {
  readonly say: (message: string) => void;
  readonly progress: (seen: ScanProgress) => void;
}

export async function* askServer(
  server: string,
  options: ObserveOptions,
  { say, progress }: Listeners,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const url = apiUrl(server, '/api/v1/flows:query');
  const body = { ...bodyOf(options), follow: options.follow, notices: true };
  const response = await send(url, body, options, signal);
  if (response.statusCode !== 200) throw await refusal(url, response);
  try {
    const limit = { bytes: MAX_LINE_BYTES, tooLong: () => tooLong(url) };
    for await (const bytes of lines(response, limit)) {
      const line = bytes.toString('utf8');
      const control = line.startsWith('{"parallax":') ? controlOf(line) : undefined;
      if (control === undefined) yield responseFromJson(line);
      else if (control.error !== undefined) throw knownError(control.error, url);
      else if (control.notice !== undefined) say(control.notice);
      else if (control.progress !== undefined) progress(control.progress);
    }
  } catch (error) {
    if (error instanceof ParallaxError) throw error;
    throw unreachable(url, error, 'ended its answer early');
  } finally {
    response.destroy();
  }
}

/** The answer of a route that gives one JSON document; with a body by POST, else by GET. */
export async function askDocument(
  server: string,
  path: string,
  body: object | undefined,
  access: Access | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const url = apiUrl(server, path);
  const response = await send(url, body, access, signal);
  if (response.statusCode !== 200) throw await refusal(url, response);
  try {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return JSON.parse(text);
  } catch (error) {
    throw unreachable(url, error, 'ended its answer early');
  }
}

/** A stream of server-sent events, from behind the event `after` where one is named. */
export async function openEvents(
  server: string,
  path: string,
  access: Access | undefined,
  { after, signal }: { readonly after: string | undefined; readonly signal: AbortSignal },
): Promise<http.IncomingMessage> {
  const url = apiUrl(server, path);
  const headers = {
    accept: 'text/event-stream',
    ...(after !== undefined && { 'last-event-id': after }),
  };
  const response = await send(url, undefined, access, signal, headers);
  if (response.statusCode !== 200) throw await refusal(url, response);
  return response;
}

function apiUrl(server: string, path: string): URL {
  if (!URL.canParse(server))
    throw inputError(`${JSON.stringify(server)} is no server; write http://HOST:PORT`);
  const base = new URL(server);
  return new URL(base.pathname.replace(/\/$/, '') + path, base);
}

/** What the options ask for, as requests say it. */
export function bodyOf(options: ObserveOptions) {
  const { number, first, since, until } = options;
  const list = (filters: readonly FlowFilter[]) =>
    filters.map((filter) => toJson(FlowFilter, filter));
  const count = number === ALL ? { all: true } : number > 0n ? counted(number, first) : {};
  return {
    whitelist: list(options.whitelist),
    blacklist: list(options.blacklist),
    ...count,
    ...(since === undefined ? {} : { since: moment(since, '--since') }),
    ...(until === undefined ? {} : { until: moment(until, '--until') }),
  };
}

function counted(number: bigint, first: boolean) {
  return first ? { first: String(number) } : { last: String(number) };
}

function moment(nanos: bigint, flag: string): string {
  const text = formatTimestamp(fromNanos(nanos));
  if (text === undefined) throw inputError(`${flag} is not between the years 1 and 9999`);
  return text;
}

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/x-ndjson, application/json',
};

// node:http rather than fetch: a quiet live stream must not run into fetch's five minutes without data.
function send(
  url: URL,
  body: object | undefined,
  access: Access | undefined,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const request = client.request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...HEADERS, ...credentials(access), ...headers },
      signal,
      ...(url.protocol === 'https:' ? access?.tls : undefined),
    });
    request.once('response', resolve);
    request.once('error', (error) => reject(unreachable(url, error, 'cannot be reached')));
    request.end(body && JSON.stringify(body));
  });
}

async function refusal(url: URL, response: http.IncomingMessage): Promise<ParallaxError> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_PROBLEM_BYTES) break;
  }
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    problem = undefined;
  }
  if (isProblem(problem)) return knownError(problem, url);
  return new ParallaxError(
    'server/unavailable',
    `${url.origin} answered ${response.statusCode}, which is not how a Parallax server answers; check the address`,
  );
}

interface ServerProblem {
  readonly code: string;
  readonly detail: string;
}

function isProblem(value: unknown): value is ServerProblem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, detail } = value as Partial<Record<keyof ServerProblem, unknown>>;
  return typeof code === 'string' && typeof detail === 'string';
}

function knownError({ code, detail }: ServerProblem, url: URL): ParallaxError {
  if (Object.hasOwn(ERRORS, code)) return new ParallaxError(code as ErrorCode, detail);
  return new ParallaxError('server/unavailable', `${url.origin}: ${detail}`);
}

interface Control {
  readonly notice?: string;
  readonly error?: ServerProblem;
  readonly progress?: ScanProgress;
}

/** A line of the server's own; what a newer one may say is passed over. */
function controlOf(line: string): Control | undefined {
  const { parallax }: { parallax?: { notice?: unknown; error?: unknown; progress?: unknown } } =
    JSON.parse(line);
  if (isProblem(parallax?.error)) return { error: parallax.error };
  if (typeof parallax?.notice === 'string') return { notice: parallax.notice };
  const progress = progressOf(parallax?.progress);
  return progress === undefined ? {} : { progress };
}

function progressOf(value: unknown): ScanProgress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { rows, first, last, at } = value as Partial<Record<keyof ScanProgress, unknown>>;
  const nanos = [first, last, at].map((each) => (/^-?\d+$/.test(String(each)) ? String(each) : ''));
  if (typeof rows !== 'number' || nanos.includes('')) return undefined;
  const [from = '', to = '', here = ''] = nanos;
  return { rows, first: BigInt(from), last: BigInt(to), at: BigInt(here) };
}

function tooLong(url: URL): ParallaxError {
  return new ParallaxError(
    'server/unavailable',
    `${url.origin} sent a line of more than ${MAX_LINE_BYTES} bytes, which is no flow`,
  );
}

function unreachable(url: URL, error: unknown, what: string): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return new ParallaxError(
    'server/unavailable',
    `the Parallax server at ${url.origin} ${what} (${why}); is \`parallax up\` or \`serve\` running there?`,
    { cause: error },
  );
}
