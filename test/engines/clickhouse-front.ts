// A little of ClickHouse's HTTP interface in front of chDB, for tests of the server client where no server is to be
// had: statements, parameters, settings, streamed answers, INSERT bodies, error codes, and refusals on demand.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { COUNTERS_SQL, type Counters, countersOf } from '../../src/store/engine/chdb-cost.ts';
import { endStream } from '../../src/store/engine/chdb-query.ts';
import { bindLiterals, quote } from '../../src/store/engine/literals.ts';

export interface Refusal {
  /** ClickHouse error code, 252 for too many parts; `hang` never answers, `cut` closes the connection. */
  readonly how: number | 'hang' | 'cut';
  /** Which statements; inserts when left out. */
  readonly statements?: RegExp;
}

export interface ClickhouseFront {
  readonly url: string;
  /** Statements as they came, newest last. */
  readonly statements: readonly string[];
  /** Settings of the last request, from its URL. */
  readonly lastSettings: Readonly<Record<string, string>>;
  /** Refuses statements until it is called with undefined. */
  refuse(refusal: Refusal | undefined): void;
  close(): Promise<void>;
}

export interface FrontOptions {
  readonly path: string;
  readonly user?: string;
  readonly password?: string;
}

const OWN_PARAMETERS = new Set([
  'query',
  'database',
  'query_id',
  'session_id',
  'role',
  'default_format',
  'enable_http_compression',
  'http_wait_end_of_query',
  'wait_end_of_query',
  'cancel_http_readonly_queries_on_client_close',
]);

/** Marks an error within an answer, as servers from 25.11 on do. */
const TAG = 'frontexceptiontg';

class CodedError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(`Code: ${code}. DB::Exception: ${text}. (TOLD_BY_THE_FRONT)`);
    this.code = code;
  }
}

export async function startFront(options: FrontOptions): Promise<ClickhouseFront> {
  const front = new Front(options);
  await front.listen();
  return front;
}

class Front implements ClickhouseFront {
  readonly statements: string[] = [];
  lastSettings: Readonly<Record<string, string>> = {};
  private readonly options: FrontOptions;
  private readonly server: Server;
  private readonly readers: Session[] = [];
  private readonly writers: Session[] = [];
  private readonly sessions = new Set<Session>();
  private readonly control: Session;
  private readonly spool: string;
  private refusal: Refusal | undefined;
  private files = 0;

  constructor(options: FrontOptions) {
    this.options = options;
    this.control = new Session(options.path);
    this.spool = join(options.path, 'front');
    mkdirSync(this.spool, { recursive: true });
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => fail(response, error));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  refuse(refusal: Refusal | undefined): void {
    this.refusal = refusal;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    for (const session of this.sessions) session.close();
    this.control.close();
    const { drainPending } = await import('chdb');
    await drainPending();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    response.setHeader('X-ClickHouse-Exception-Tag', TAG);
    response.setHeader('X-ClickHouse-Query-Id', url.searchParams.get('query_id') ?? randomUUID());
    if (url.pathname === '/ping') return void response.end('Ok.\n');
    this.checkUser(request);
    const { query, body, params } = await readRequest(request, url);
    this.statements.push(query);
    if (this.refusal !== undefined && (this.refusal.statements ?? /^\s*INSERT/i).test(query)) {
      if (this.refusal.how === 'cut') return void request.socket.destroy();
      if (this.refusal.how === 'hang') return;
      throw new CodedError(this.refusal.how, 'refused as the test wants it');
    }
    const settings = Object.fromEntries(
      [...url.searchParams].filter(([name]) => !OWN_PARAMETERS.has(name) && !/^param_/.test(name)),
    );
    this.lastSettings = settings;
    response.setHeader('X-ClickHouse-Summary', '{"read_rows":"0","written_rows":"0"}');
    // Settings of a streamed query stay on its session: one that has read with readonly may never write again.
    const idle = settings.readonly === undefined ? this.writers : this.readers;
    const session = idle.pop() ?? this.open();
    try {
      await this.use(session, url.searchParams.get('database') ?? 'default');
      const sql = bound(query, params);
      if (body.length > 0) await this.insert(session, sql, body, settingsText(settings));
      else if (url.searchParams.get('wait_end_of_query') === '1')
        await this.runWhole(session, sql, settings, response);
      else await this.run(session, sql, settings, response);
      response.end();
    } finally {
      idle.push(session);
    }
  }

  private checkUser(request: IncomingMessage): void {
    const { user, password = '' } = this.options;
    if (user === undefined) return;
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    if (request.headers.authorization !== wanted)
      throw new CodedError(516, 'Authentication failed');
  }

  private open(): Session {
    const session = new Session(this.options.path);
    this.sessions.add(session);
    return session;
  }

  private async use(session: Session, database: string): Promise<void> {
    const known = await session.queryAsync(
      `SELECT 1 FROM system.databases WHERE name = ${quote(database)}`,
    );
    if (known.text() === '') throw new CodedError(81, `Database ${database} does not exist`);
    await session.queryAsync(`USE \`${database}\``);
  }

  private async insert(
    session: Session,
    sql: string,
    body: Buffer,
    settings: string,
  ): Promise<void> {
    const parts = /^([\s\S]*?)\s+FORMAT\s+(\w+)\s*$/i.exec(sql);
    if (parts === null) throw new CodedError(62, 'Syntax error: a body needs INSERT … FORMAT');
    const file = join(this.spool, `${this.files++}.body`);
    writeFileSync(file, body);
    try {
      await session.queryAsync(
        `${parts[1]} FROM INFILE ${quote(file)}${settings} FORMAT ${parts[2]}`,
      );
    } finally {
      rmSync(file);
    }
  }

  /** The whole answer at once, so that its summary can say what was read. */
  private async runWhole(
    session: Session,
    sql: string,
    settings: Readonly<Record<string, string>>,
    response: ServerResponse,
  ): Promise<void> {
    const before = await this.counters();
    const whole = new PassThrough();
    const chunks: Buffer[] = [];
    whole.on('data', (chunk: Buffer) => chunks.push(chunk));
    await this.run(session, sql, settings, whole);
    const after = await this.counters();
    const read_rows = String(after.rows - before.rows - before.look.rows);
    const read_bytes = String(after.bytes - before.bytes - before.look.bytes);
    response.setHeader('X-ClickHouse-Summary', JSON.stringify({ read_rows, read_bytes }));
    response.write(Buffer.concat(chunks));
  }

  private async counters(): Promise<Counters> {
    const found = await this.control.queryAsync(COUNTERS_SQL, { format: 'JSONCompactEachRow' });
    return countersOf(found.text());
  }

  private async run(
    session: Session,
    sql: string,
    settings: Readonly<Record<string, string>>,
    response: Writable,
  ): Promise<void> {
    const format = /FORMAT\s+(\w+)\s*$/i.exec(sql)?.[1];
    if (format === undefined) {
      await session.queryAsync(sql);
      return;
    }
    const tag = randomUUID();
    const text = settingsText({ ...settings, log_comment: tag });
    const limit = Number(settings.max_execution_time ?? 0) * 1000;
    const started = performance.now();
    response.on('close', () => {
      // The reader went away before the end.
      if (response.writableEnded) return;
      const kill = `KILL QUERY WHERE Settings['log_comment'] = '${tag}' ASYNC`;
      this.control.queryAsync(kill).catch(() => {});
    });
    if (response.closed) return;
    try {
      for await (const chunk of session.queryStream(sql + text, { format })) {
        if (response.destroyed) break;
        if (!response.write(chunk.raw())) {
          await new Promise((resolve) => {
            response.once('drain', resolve);
            response.once('close', resolve);
          });
        }
      }
    } finally {
      await endStream(session);
    }
    // chDB may end a stream that is out of time without a word; a server never does.
    if (limit > 0 && performance.now() - started >= limit)
      throw new CodedError(159, 'Timeout exceeded');
  }
}

function settingsText(settings: Readonly<Record<string, string>>): string {
  const parts = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}`);
  return parts.length === 0 ? '' : ` SETTINGS ${parts.join(', ')}`;
}

async function readRequest(request: IncomingMessage, url: URL) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  let body: Buffer = Buffer.concat(chunks);
  if (request.headers['content-encoding'] === 'gzip') body = gunzipSync(body);
  const fields = new Map(url.searchParams);
  const boundary = /multipart\/form-data; boundary=(.*)$/.exec(
    request.headers['content-type'] ?? '',
  )?.[1];
  if (boundary !== undefined) {
    for (const [name, value] of formFields(body.toString(), boundary)) fields.set(name, value);
    body = Buffer.alloc(0);
  }
  const params: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = unescaped(value);
  }
  const query = fields.get('query');
  return query === undefined
    ? { query: body.toString(), body: Buffer.alloc(0), params }
    : { query, body, params };
}

function* formFields(text: string, boundary: string): Generator<readonly [string, string]> {
  for (const part of text.split(`--${boundary}`)) {
    const field = /^\r\n[\s\S]*?name="([^"]+)"[\s\S]*?\r\n\r\n([\s\S]*)\r\n$/.exec(part);
    if (field !== null) yield [field[1] ?? '', field[2] ?? ''];
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  b: '\b',
  f: '\f',
  0: '\0',
};

/** The server reads text in tab-separated form, arrays as they are. */
function unescaped(value: string): string {
  if (value.startsWith('[')) return value;
  return value.replace(/\\([\s\S])/g, (_, next: string) => ESCAPES[next] ?? next);
}

function bound(query: string, params: Readonly<Record<string, string>>): string {
  try {
    return bindLiterals(query, params);
  } catch (error) {
    throw new CodedError(456, error instanceof Error ? error.message : String(error));
  }
}

function fail(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) {
    const text = `${message}\n`;
    const length = Buffer.byteLength(text);
    return void response.end(
      `\r\n__exception__\r\n${TAG}\r\n${text}${length} ${TAG}\r\n__exception__\r\n`,
    );
  }
  const code = /^Code: (\d+)/.exec(message)?.[1] ?? '1002';
  response.writeHead(code === '516' ? 403 : 500, { 'X-ClickHouse-Exception-Code': code });
  response.end(message);
}
