// One HTTP POST with a time limit. Redirects are not followed; the response body is discarded.
import http from 'node:http';
import https from 'node:https';

export interface Post {
  readonly url: URL;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly agent: http.Agent | https.Agent;
}

export interface PostResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Bytes of a response body after which the connection is closed. */
const MAX_BODY = 64 * 1024;

/** Rejects without a response; the error holds neither the address nor a secret. */
export function post(
  { url, body, headers, timeoutMs, agent }: Post,
  signal: AbortSignal,
): Promise<PostResponse> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const send = url.protocol === 'https:' ? https.request : http.request;
    const request = send(url, {
      method: 'POST',
      agent,
      signal: AbortSignal.any([signal, limit]),
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const fail = (error: unknown) =>
      reject(new Error(limit.aborted ? `no response within ${timeoutMs} ms` : reasonOf(error)));
    request.on('error', fail);
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      const done = () =>
        resolve({ status: statusCode, retryAfter: response.headers['retry-after'] });
      let read = 0;
      response.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read <= MAX_BODY) return;
        // Only the status matters.
        done();
        request.destroy();
      });
      response.on('end', done);
      response.on('error', fail);
    });
    request.end(body);
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' || /CERT|SELF_SIGNED|ISSUER/.test(code)
    ? `certificate not trusted (${code})`
    : `no connection (${code})`;
}
