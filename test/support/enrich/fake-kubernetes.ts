// A Kubernetes API of a few kinds of objects over real HTTP or HTTPS: lists by pages, watches, forgets old versions, breaks off.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

interface Event {
  readonly version: number;
  readonly path: string;
  readonly type: string;
  readonly object: object;
}

/** PEM each. */
export interface FakeTls {
  readonly key: string;
  readonly cert: string;
  /** The authority that the kubeconfig names, and the host it expects the certificate to be for. */
  readonly ca: string;
  readonly host: string;
}

const TOKEN = 'a-token-of-the-test';

export class FakeKubernetes {
  readonly requests: URL[] = [];
  readonly unauthorised: string[] = [];
  /** Answers with these statuses, by path, before anything else. */
  readonly refuse = new Map<string, number>();
  private readonly objects = new Map<string, Map<string, FakeObject>>();
  private readonly watches = new Set<{ path: string; response: ServerResponse }>();
  private events: Event[] = [];
  private oldest = 0;
  private version = 100;
  private silent = false;
  private readonly directory = mkdtempSync(join(tmpdir(), 'parallax-kubernetes-'));
  private readonly tls: FakeTls | undefined;
  private readonly server: http.Server | https.Server;

  constructor(tls?: FakeTls) {
    this.tls = tls;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', 'http://fake');
      this.requests.push(url);
      if (this.silent) return;
      if (request.method !== 'GET') this.refused(response, 405);
      else this.answer(request.headers.authorization, url, response);
    };
    this.server = tls ? https.createServer(tls, serve) : http.createServer(serve);
  }

  private answer(authorization: string | undefined, url: URL, response: ServerResponse) {
    if (authorization !== `Bearer ${TOKEN}`) {
      this.unauthorised.push(url.pathname);
      return this.refused(response, 401);
    }
    const refusal = this.refuse.get(url.pathname);
    if (refusal !== undefined) return this.refused(response, refusal);
    if (url.searchParams.get('watch') === 'true') return this.watch(url, response);
    return this.list(url, response);
  }

  readonly kubeconfig = join(this.directory, 'kubeconfig');

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'nothing',
      clusters: [
        {
          name: 'fake',
          cluster: this.tls
            ? {
                server: `https://127.0.0.1:${port}`,
                'certificate-authority-data': Buffer.from(this.tls.ca).toString('base64'),
                'tls-server-name': this.tls.host,
              }
            : { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
        },
      ],
      users: [{ name: 'reader', user: { token: TOKEN } }],
      contexts: [
        { name: 'fake', context: { cluster: 'fake', user: 'reader' } },
        { name: 'nothing', context: { cluster: 'fake', user: 'nobody' } },
      ],
    };
    writeFileSync(this.kubeconfig, JSON.stringify(config));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }

  put(path: string, object: FakeObject): void {
    const ofPath = this.objects.get(path) ?? new Map<string, FakeObject>();
    this.objects.set(path, ofPath);
    const key = keyOf(object);
    const type = ofPath.has(key) ? 'MODIFIED' : 'ADDED';
    ofPath.set(key, object);
    this.tell(path, type, object);
  }

  remove(path: string, name: string, namespace = ''): void {
    const key = `${namespace}/${name}`;
    const object = this.objects.get(path)?.get(key);
    if (object === undefined) throw new Error(`there is no ${key} in ${path}`);
    this.objects.get(path)?.delete(key);
    this.tell(path, 'DELETED', object);
  }

  /** Changes happen that no watch is told of, and nobody can catch up on. */
  forget(change: () => void): void {
    this.breakOff();
    change();
    this.events = [];
    this.oldest = this.version;
  }

  /** Open watches end in an ERROR event: their version is too old. */
  expire(): void {
    for (const { response } of this.watches) {
      const object = { kind: 'Status', code: 410, message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    this.watches.clear();
  }

  /** Connections are cut; `forGood`, and no request is answered any more. */
  breakOff(forGood = false): void {
    this.silent = forGood;
    for (const { response } of this.watches) response.destroy();
    this.watches.clear();
  }

  watching(path: string): boolean {
    return [...this.watches].some((watch) => watch.path === path);
  }

  private tell(path: string, type: string, object: FakeObject): void {
    const version = ++this.version;
    const told = withVersion(object, version);
    this.events.push({ version, path, type, object: told });
    for (const watch of this.watches)
      if (watch.path === path) watch.response.write(`${JSON.stringify({ type, object: told })}\n`);
  }

  private list(url: URL, response: ServerResponse) {
    const all = [...(this.objects.get(url.pathname)?.values() ?? [])];
    // Pages of two, whatever is asked for.
    const from = Number(url.searchParams.get('continue') ?? 0);
    const items = all.slice(from, from + 2).map((object) => withVersion(object, this.version));
    const next = from + 2 < all.length ? { continue: String(from + 2) } : {};
    const metadata = { resourceVersion: String(this.version), ...next };
    return response.end(JSON.stringify({ metadata, items }));
  }

  private watch(url: URL, response: ServerResponse) {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.oldest) return this.refused(response, 410);
    response.write('');
    response.flushHeaders();
    for (const { version, path, type, object } of this.events)
      if (version > from && path === url.pathname)
        response.write(`${JSON.stringify({ type, object })}\n`);
    const watch = { path: url.pathname, response };
    this.watches.add(watch);
    return response.once('close', () => this.watches.delete(watch));
  }

  private refused(response: ServerResponse, status: number) {
    response.statusCode = status;
    return response.end(JSON.stringify({ kind: 'Status', message: `refused with ${status}` }));
  }
}

function keyOf({ metadata: { namespace = '', name } }: FakeObject): string {
  return `${namespace}/${name}`;
}

function withVersion(object: FakeObject, version: number) {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}
