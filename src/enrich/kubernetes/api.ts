// Lists and watches of a Kubernetes API, read only. Credentials come from @kubernetes/client-node, an optional dependency
// that is loaded here alone. Its Watch and informers are not used: docs/decisions/0020-kubernetes-watch.md.
import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { ParallaxError } from '../../runtime/errors.ts';

/** Address and credentials of an API: `clusters[].kubernetes` of the configuration. */
export interface KubernetesAccess {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly inCluster: boolean;
  /** Of the ConfigMap cilium-config. */
  readonly namespace: string;
}

/** An answer of the API that is no success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export interface KubernetesApi {
  /** The JSON of a GET. Throws ApiError, or what the connection threw. */
  get(path: string, params: Params, signal: AbortSignal): Promise<unknown>;
  /**
   * Resolves once the server has begun a watch, with its lines as JSON until the server ends it. Rejects, and the lines
   * throw, as `get`.
   */
  watch(path: string, params: Params, signal: AbortSignal): Promise<AsyncGenerator<unknown>>;
}

type Params = Readonly<Record<string, string>>;

/** What is used of a kubeconfig. */
interface Credentials {
  readonly server: string;
  apply(options: RequestOptions): Promise<void>;
}

/** A line of a watch, or an answer, larger than this is refused: no object of Kubernetes is. */
const MAX_ANSWER_BYTES = 64 << 20;
const CONNECT_MS = 15_000;

export async function openKubernetes(config: KubernetesAccess): Promise<KubernetesApi> {
  const credentials = await load(config);
  const call = (path: string, params: Params, signal: AbortSignal) =>
    request(credentials, path, params, signal);
  return {
    async get(path, params, signal) {
      let text = '';
      for await (const chunk of await call(path, params, signal)) {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES) throw new Error(`the answer to ${path} is too large`);
      }
      return JSON.parse(text);
    },
    async watch(path, params, signal) {
      return linesOf(path, await call(path, { ...params, watch: 'true' }, signal));
    },
  };
}

async function* linesOf(path: string, response: IncomingMessage): AsyncGenerator<unknown> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_ANSWER_BYTES) throw new Error(`a line of ${path} is too large`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}

async function load(config: KubernetesAccess): Promise<Credentials> {
  const { KubeConfig } = await loadClient();
  const kube = new KubeConfig();
  if (config.inCluster) kube.loadFromCluster();
  else if (config.kubeconfig !== undefined) kube.loadFromFile(config.kubeconfig);
  else kube.loadFromDefault();
  if (config.context !== undefined) {
    if (!kube.getContextObject(config.context))
      throw new ParallaxError(
        'config/invalid',
        `kubernetes.context "${config.context}" is not in the kubeconfig; it has ${kube.contexts.map(({ name }) => name).join(', ') || 'none'}`,
      );
    kube.setCurrentContext(config.context);
  }
  const cluster = kube.getCurrentCluster();
  if (!cluster) throw new ParallaxError('config/invalid', 'the kubeconfig has no current cluster');
  return { server: cluster.server, apply: (options) => kube.applyToHTTPSOptions(options) };
}

async function loadClient() {
  try {
    return await import('@kubernetes/client-node');
  } catch (error) {
    throw new ParallaxError(
      'config/invalid',
      'reading Kubernetes needs the optional dependency @kubernetes/client-node: npm install @kubernetes/client-node@1',
      { cause: error },
    );
  }
}

/** Resolves with the body of a success, decoded as UTF-8. */
async function request(
  { server, apply }: Credentials,
  path: string,
  params: Params,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(server);
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  const options: RequestOptions = { signal, headers: { accept: 'application/json' } };
  await apply(options);
  const client = url.protocol === 'https:' ? https : http;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = client.get(url, options, resolve);
    call.once('error', reject);
    const timer = setTimeout(
      () => call.destroy(new Error(`no answer from ${url.host}`)),
      CONNECT_MS,
    );
    call.once('response', () => clearTimeout(timer));
    call.once('close', () => clearTimeout(timer));
  });
  response.setEncoding('utf8');
  if (response.statusCode === 200) return response;
  let text = '';
  for await (const chunk of response) if (text.length < 4096) text += chunk;
  throw new ApiError(response.statusCode ?? 0, `${path}: ${messageOf(text)}`);
}

function messageOf(text: string): string {
  try {
    const { message }: { message?: unknown } = JSON.parse(text);
    return typeof message === 'string' ? message : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
