// The one client of the HTTP API: of a named server, of the process that has the data directory open, or of the API
// built in this process over a directory that nobody has open.
import { existsSync } from 'node:fs';
import { ERRORS, type ErrorCode, inputError, ParallaxError } from '../../runtime/errors.ts';
import { locked, readLock } from '../../store/engine/lock.ts';
import { lines } from './lines.ts';
import type { Place } from './server-flags.ts';
import { type ServerEvent, serverEvents } from './sse.ts';
import { type ApiResponse, type ApiTransport, httpTransport, unreachable } from './transport.ts';

/** A problem document is a few lines; a longer body is not one. */
const MAX_PROBLEM_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 16 * 1024 ** 2;

export interface ClientDeps {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970, for an API in this process. */
  readonly nowMs: () => number;
}

/** Runs `work` with a client and closes it afterwards. */
export async function withClient<T>(
  place: Place,
  deps: ClientDeps,
  work: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const client = await openClient(place, deps);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

export async function openClient(place: Place, deps: ClientDeps): Promise<ApiClient> {
  const { target } = place;
  if (target.kind === 'api') return new ApiClient(httpTransport(target.url, place), deps.signal);
  if (target.kind !== 'directory')
    throw inputError(
      `${target.address} is a gRPC address; name a Parallax server as http://HOST:PORT, or a data directory with --data-dir`,
    );
  const { path } = target;
  const holder = await readLock(path);
  if (holder?.api !== undefined)
    return new ApiClient(httpTransport(holder.api, place), deps.signal);
  if (holder !== undefined) throw locked(path, holder);
  if (!existsSync(path))
    throw inputError(
      `there is no data directory ${path}; start \`parallax up\` or \`parallax import\` there, or name one with --data-dir, or a server with --server`,
    );
  const { localTransport } = await import('./local.ts');
  return new ApiClient(await localTransport(path, path, deps), deps.signal);
}

export class ApiClient {
  private readonly transport: ApiTransport;
  private readonly signal: AbortSignal;

  constructor(transport: ApiTransport, signal: AbortSignal) {
    this.transport = transport;
    this.signal = signal;
  }

  get name(): string {
    return this.transport.name;
  }

  get isLocal(): boolean {
    return this.transport.isLocal;
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** The status of a route whatever it is, such as 503 of /readyz. */
  async status(path: string, signal = this.signal): Promise<number> {
    const { status, body } = await this.transport.send({ path, signal });
    body.destroy();
    return status;
  }

  /**
   * The document of a route, by POST when there is a body. Throws the server's own error, and `server/unavailable` when
   * the document is not what `isDocument` expects.
   */
  async document<T extends object>(
    path: string,
    body: object | undefined,
    isDocument: (answer: object) => boolean,
    signal = this.signal,
  ): Promise<T> {
    const answer = await this.json(path, body, signal);
    // The server's own types: both are one program.
    if (typeof answer === 'object' && answer !== null && isDocument(answer)) return answer as T;
    throw new ParallaxError(
      'server/unavailable',
      `${this.name} did not answer ${path} as this version does; check the address and its version`,
    );
  }

  async json(path: string, body?: object, signal = this.signal): Promise<unknown> {
    const response = await this.ok({ path, body, signal });
    try {
      return JSON.parse(await textOf(response, Number.POSITIVE_INFINITY));
    } catch (error) {
      throw this.endedEarly(error);
    }
  }

  /** Lines of an answer in NDJSON. */
  async *lines(path: string, body: object): AsyncGenerator<string> {
    const { body: stream } = await this.ok({ path, body, signal: this.signal });
    const limit = { bytes: MAX_LINE_BYTES, tooLong: () => this.tooLong() };
    try {
      for await (const line of lines(stream, limit)) yield line.toString('utf8');
    } catch (error) {
      throw this.endedEarly(error);
    } finally {
      stream.destroy();
    }
  }

  /** A stream of server-sent events, of those behind the event `after` where one is named. */
  async events(path: string, after: string | undefined): Promise<AsyncGenerator<ServerEvent>> {
    const headers = {
      accept: 'text/event-stream',
      ...(after !== undefined && { 'last-event-id': after }),
    };
    const { body } = await this.ok({ path, headers, signal: this.signal });
    return serverEvents(body.setEncoding('utf8'));
  }

  private async ok(request: Parameters<ApiTransport['send']>[0]): Promise<ApiResponse> {
    const response = await this.transport.send(request);
    if (response.status === 200) return response;
    const problem = jsonOf(await textOf(response, MAX_PROBLEM_BYTES));
    if (isProblem(problem)) throw this.errorOf(problem);
    throw new ParallaxError(
      'server/unavailable',
      `${this.name} answered ${response.status}, which is not how a Parallax server answers; check the address`,
    );
  }

  /** An error as the server writes it, with its code where this version has it. */
  errorOf({ code, detail }: Problem): ParallaxError {
    // A key of the table is one of its codes.
    if (Object.hasOwn(ERRORS, code)) return new ParallaxError(code as ErrorCode, detail);
    return new ParallaxError('server/unavailable', `${this.name}: ${detail}`);
  }

  private endedEarly(error: unknown): ParallaxError {
    if (error instanceof ParallaxError) return error;
    return unreachable(this.name, error, 'ended its answer early');
  }

  private tooLong(): ParallaxError {
    return new ParallaxError(
      'server/unavailable',
      `${this.name} sent a line of more than ${MAX_LINE_BYTES} bytes, which is no flow`,
    );
  }
}

export interface Problem {
  readonly code: string;
  readonly detail: string;
}

export function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function textOf({ body }: ApiResponse, maxBytes: number): Promise<string> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxBytes) break;
  }
  return text;
}

/** Whether a document has a list under `key`. */
export function hasList(key: string): (answer: object) => boolean {
  return (answer) => key in answer && Array.isArray((answer as Record<string, unknown>)[key]); // any object may be looked up by name
}

/** Query string of those parameters that are given. */
export function pathWith(
  path: string,
  params: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const given = Object.entries(params).flatMap(([name, value = []]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

/** The document without what the API adds about the answer itself. */
export function withoutEnvelope<T extends object>(answer: T): Omit<T, 'coverage' | 'cost'> {
  const {
    coverage: _,
    cost: __,
    ...document
  } = answer as T & { coverage?: unknown; cost?: unknown }; // every document may have both
  return document;
}
