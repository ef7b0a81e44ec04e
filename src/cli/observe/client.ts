// Asks a Parallax server over its HTTP API.
import http from 'node:http';
import https from 'node:https';
import { responseFromJson, toJson } from '../../hubble/json.ts';
import { FlowFilter, type GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { formatTimestamp, fromNanos } from '../../hubble/timestamp.ts';
import { ERRORS, type ErrorCode, ParallaxError } from '../../runtime/errors.ts';
import { lines } from './lines.ts';
import { ALL, type ObserveOptions } from './options.ts';

/** A problem is a few lines; more is somebody else's page. */
const MAX_PROBLEM_BYTES = 64 * 1024;

export async function* askServer(
  server: string,
  options: ObserveOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const url = apiUrl(server, '/api/v1/flows:query');
  const response = await post(url, JSON.stringify(bodyOf(options)), signal);
  if (response.statusCode !== 200)
    throw refusal(url, response.statusCode ?? 0, await problemText(response));
  try {
    for await (const line of lines(response)) {
      const control = line.startsWith('{"parallax":') ? controlOf(line) : undefined;
      if (control === undefined) yield responseFromJson(line);
      else if (control.error !== undefined) throw knownError(control.error, url);
      else if (control.notice !== undefined) say(control.notice);
    }
  } catch (error) {
    if (error instanceof ParallaxError) throw error;
    throw unreachable(url, error, 'ended its answer early');
  } finally {
    response.destroy();
  }
}

/** Throws `input/invalid` for what names no server. */
export function apiUrl(server: string, path: string): URL {
  const text = /^https?:\/\//.test(server) ? server : `http://${server}`;
  if (!URL.canParse(text))
    throw new ParallaxError(
      'input/invalid',
      `${JSON.stringify(server)} is no server; write http://HOST:PORT`,
    );
  const base = new URL(text);
  return new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
}

function bodyOf(options: ObserveOptions) {
  const { number, first, follow, since, until } = options;
  const list = (filters: readonly FlowFilter[]) =>
    filters.map((filter) => toJson(FlowFilter, filter));
  const count = number === ALL ? { all: true } : number > 0n ? counted(number, first) : {};
  return {
    whitelist: list(options.whitelist),
    blacklist: list(options.blacklist),
    ...count,
    follow,
    ...(since === undefined ? {} : { since: moment(since, '--since') }),
    ...(until === undefined ? {} : { until: moment(until, '--until') }),
    notices: true,
  };
}

function counted(number: bigint, first: boolean) {
  return first ? { first: String(number) } : { last: String(number) };
}

function moment(nanos: bigint, flag: string): string {
  const text = formatTimestamp(fromNanos(nanos));
  if (text === undefined)
    throw new ParallaxError('input/invalid', `${flag} is not between the years 1 and 9999`);
  return text;
}

// node:http rather than fetch: a quiet live stream must not run into fetch's five minutes without data.
function post(url: URL, body: string, signal: AbortSignal): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
    const request = client.request(url, { method: 'POST', headers, signal });
    request.once('response', resolve);
    request.once('error', (error) => reject(unreachable(url, error, 'cannot be reached')));
    request.end(body);
  });
}

async function problemText(response: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_PROBLEM_BYTES) break;
  }
  return text;
}

/** What a server's refusal means to us. */
export function refusal(url: URL, status: number, text: string): ParallaxError {
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    problem = undefined;
  }
  if (isProblem(problem)) return knownError(problem, url);
  return new ParallaxError(
    'server/unavailable',
    `${url.origin} answered ${status}, which is not how a Parallax server answers; check the address`,
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

function controlOf(line: string): { notice?: string; error?: ServerProblem } | undefined {
  const { parallax }: { parallax?: { notice?: unknown; error?: unknown } } = JSON.parse(line);
  if (isProblem(parallax?.error)) return { error: parallax.error };
  return typeof parallax?.notice === 'string' ? { notice: parallax.notice } : {};
}

export function unreachable(url: URL, error: unknown, what: string): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return new ParallaxError(
    'server/unavailable',
    `the Parallax server at ${url.origin} ${what} (${why}); is \`parallax up\` or \`serve\` running there?`,
    { cause: error },
  );
}
